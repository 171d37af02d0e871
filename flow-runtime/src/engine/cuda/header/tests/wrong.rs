//! Kernels and launches that are wrong, and what is said of them.

use super::*;

/// Calls that together fill a stack, which no compiler sees.
const DEEP: &str = "
    struct Deep {
      static __attribute__((noinline)) void go(int n) {
        volatile char room[36000];
        room[n] = 1;
        if (n > 0) go(n - 1);
        __syncwarp();
      }
    };
    Deep::go(1);";

#[test]
fn wrong_kernels_are_found_out() {
    let block = launch(1, 64, 256, false);
    let cases = [
        ("if (t < 40) __syncthreads(); else __syncwarp();\n__syncwarp();", block, "different places"),
        ("if (t < 5) __syncwarp();\nelse __syncwarp();", block, "__syncwarp in line 4"),
        ("if (t < 32) __syncthreads();\nelse __syncthreads();", block, "in line 4"),
        ("if (t % 2) y[t] = __shfl_sync(~0u, y[t], 0);\nelse __syncwarp();", block, "a shuffle"),
        ("y[t] = __shfl_sync(0xffffu, y[t], 0);", block, "lanes 0xffff alone"),
        ("if (t == 0) return;\nfloat d[4]; u32 a[4]; fm_mma_f16(d, a, 0, 0);", block, "tensor cores"),
        ("FM_SMEM(float, room); room[t + 1] = 1.0f;", block, "shared memory, of which it has 256 bytes, past its end"),
        ("FM_SMEM(float, room); room[t - 1] = 1.0f;", block, "before its start"),
        (
            "FM_SMEM(char, room); u32 r[4]; fm_ldmatrix4(r, room + 8 * (t % 32));",
            block,
            "names byte 8 of shared memory",
        ),
        (
            "FM_SMEM(char, room); u32 r[4]; fm_ldmatrix4(r, room + 16 * (t % 32));",
            block,
            "names byte 256 of shared memory",
        ),
        ("FM_SMEM(char, room); fm_copy16(room + 16 * t, y); fm_copied();", block, "byte 256 of shared memory"),
        ("FM_SMEM(char, room); fm_copy16(room, y + 1);", block, "byte 0 of shared memory"),
        ("FM_SMEM(char, room); fm_copy16(room, y);", block, "left while 1 copies of it are under way"),
        ("y[t + 1] = 0.0f;", block, "the 256 bytes for numbers were written past their end"),
        ("y[t - 3] = 0.0f;", block, "the 256 bytes for numbers were written before their start"),
        (DEEP, block, "a thread's stack"),
        ("fm_grid_sync(word);", launch(2, 64, 0, false), "not cooperative"),
        ("if (blockIdx.x == 0) fm_grid_sync(word);", launch(2, 64, 0, true), "64 for the grid, 64 have left"),
        ("*word = 1;\n__syncthreads();\nfm_grid_sync(word);", block, "a word that is 0x1"),
        ("fm_cluster_sync();", launch(2, 64, 0, true), "a cluster of 0"),
    ];
    // All in one text, which is compiled once; each counts its own lines.
    let mut text = "FM_KERNEL(64) void flow_right(float* y) { y[threadIdx.x] = 1.0f; }\n".to_owned();
    let mut kernels = vec!["flow_right".to_owned()];
    for (i, (body, ..)) in cases.iter().enumerate() {
        text += &format!(
            "#line 1\nFM_KERNEL(128) void flow_wrong{i}(float* y, u32* word) {{\nconst int t = threadIdx.x;\n{body}\n}}\n"
        );
        kernels.push(format!("flow_wrong{i}"));
    }
    let source = Source { name: "Toy".to_owned(), text, kernels };
    for seed in [0, 1] {
        let Some(mut header) = seeded(seed) else { return };
        let kernels = header.load(&source).unwrap();
        for (i, (body, wrong, expected)) in cases.into_iter().enumerate() {
            let (y, word) = (given(&mut header, &[0.0; 64]), given(&mut header, &[0.0]));
            let arguments = [Argument::Address(y.address), Argument::Address(word.address)];
            let error = header.launch(kernels[i + 1], wrong, &arguments).unwrap_err().to_string();
            assert!(
                error.contains(expected) && error.contains(&format!("`flow_wrong{i}` of `Toy`")),
                "{body}\n{error}"
            );
            // The device goes on: nothing of the launch is left.
            header.launch(kernels[0], block, &arguments[..1]).unwrap();
            assert_eq!(got(&mut header, &y), [1.0; 64]);
        }
    }
}

#[test]
fn wrong_launches_are_refused() {
    let Some(mut header) = seeded(0) else { return };
    let text = "FM_KERNEL(64) void flow_types(float* y, int n, u64 seed, float by) { y[0] = by; }
                FM_KERNEL(32) FM_CLUSTER(4) void flow_cluster(float* y) {}";
    let kernel = load(&mut header, "flow_types", text).unwrap();
    let cluster = load(&mut header, "flow_cluster", text).unwrap();
    let y = given(&mut header, &[0.0]);
    let right = [Argument::Address(y.address), Argument::Int(1), Argument::Long(2), Argument::Float(3.0)];
    let one = launch(1, 64, 0, false);
    header.launch(kernel, one, &right).unwrap();
    assert_eq!(got(&mut header, &y), [3.0]);
    let mut says = |kernel, launch, arguments: &[Argument], expected: &str| {
        let error = header.launch(kernel, launch, arguments).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    says(kernel, one, &right[..3], "types `pilf`, and got `pil`");
    says(kernel, one, &[right[0], right[1], Argument::Int(2), right[3]], "got `piif`");
    says(kernel, launch(1, 65, 0, false), &right, "declared for 64 threads");
    says(kernel, launch(0, 64, 0, false), &right, "0 x 64");
    says(kernel, launch(1, 64, (227 << 10) + 1, false), &right, "shared memory");
    says(kernel, launch(5, 64, 0, true), &right, "on 4 multiprocessors");
    says(cluster, launch(3, 32, 0, true), &right[..1], "clusters of 4");
    says(Kernel(9), one, &right, "another device");
    says(kernel, one, &[Argument::Address(y.address + 5), right[1], right[2], right[3]], "no longer");
    drop(y);
    says(kernel, one, &right, "no longer");
    assert!(load(&mut header, "flow_absent", text).unwrap_err().to_string().contains("`flow_absent` of `Toy`"));
    let error = load(&mut header, "flow_bad", "\nFM_KERNEL(1) void flow_bad() { y = 1; }").unwrap_err().to_string();
    assert!(error.contains("Toy:2:") && error.contains("`Toy`"), "{error}");
    let large = "FM_KERNEL(1) void flow_large() { volatile char a[50000]; for (int i = 0; i < 50000; i++) a[i] = 0; }";
    assert!(load(&mut header, "flow_large", large).unwrap_err().to_string().contains("frame size"));
}

#[test]
fn memory_has_an_end() {
    let Some(mut header) = header(Settings { memory: 1000, ..Settings::default() }) else { return };
    let first = header.allocate(600, "weights").unwrap();
    let error = header.allocate(500, "points").map(drop).unwrap_err().to_string();
    assert!(error.contains("400 bytes of free memory") && error.contains("500 asked for, for points"), "{error}");
    let mut bytes = [0; 600];
    header.download(&first, 0, &mut bytes).unwrap();
    assert_eq!(bytes, [0xcd; 600]);
    assert!(header.upload(&first, 597, &[0; 4]).is_err());
    assert!(header.copy((&first, 0), (&first, 300), 301).is_err());
    drop(first);
    assert_eq!(header.free().unwrap(), 1000);
}
