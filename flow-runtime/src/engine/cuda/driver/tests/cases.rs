//! What each process does.

use crate::engine::cuda::{
    backend::{Argument, Backend, Launch, Matrix, Number, Product, bytes_of, bytes_of_mut},
    driver::{Driver, check_device, devices},
    library::Library,
    nvrtc,
    report::report,
    source::Source,
};

pub(super) fn run(case: &str) {
    match case {
        "nothing" => nothing(),
        "broken" => broken(),
        "without a function" => says(Driver::new(0).err(), &["has no `cuInit`", "help: install a driver"]),
        "old" => says(Driver::new(0).err(), &["device `cuda`", "version 11.4, 12.0 or newer is needed"]),
        "no-device" | "none" => says(Driver::new(0).err(), &["the driver (CUDA 13.0) finds no GPU", "nvidia-smi"]),
        "mismatch" => says(Driver::new(0).err(), &["starting the driver", "803", "restart the machine"]),
        "exclusive" => says(Driver::new(1).err(), &["device `cuda:1`", "(46)", "another process has the GPU"]),
        "turing" => says(check_device(0).err(), &["Stub 0 has compute capability 7.5, 8.0 or newer", "Ampere"]),
        "old-nvrtc" => says(Driver::new(0).unwrap().load(&kernels()).err(), &["NVRTC", "version 11.0, 12.0 or newer"]),
        "newer" => says(
            Driver::new(0).unwrap().load(&kernels()).err(),
            &["kernels of `Moons`", "NVRTC is newer than the driver"],
        ),
        "index" => {
            says(
                Driver::new(7).err(),
                &["device `cuda:7`: there are 2 GPUs, `cuda:0` to `cuda:1`\nhelp: use the index"],
            );
            assert_eq!(devices().unwrap()[1].name, "Stub 1");
        }
        "memory" => memory(),
        "kernels" => start_kernels(),
        "graph" => graph(),
        "fault" => fault(),
        "products" => products(),
        "cache" => cache(),
        "report" => eprintln!("{}", report()),
        other => panic!("there is no case {other}"),
    }
}

fn says(error: Option<crate::Error>, words: &[&str]) {
    let text = error.expect("it fails").to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

fn nothing() {
    match Library::Driver.load() {
        Ok(loaded) => eprintln!("skipped: there is a driver, {loaded:?}"),
        Err(missing) => {
            assert!(missing.absent);
            says(
                Driver::new(3).err(),
                &["device `cuda:3`: there is no NVIDIA driver", "libcuda.so.1", "help: install the driver"],
            );
        }
    }
    match Library::Nvrtc.load() {
        Ok(loaded) => eprintln!("skipped: there is NVRTC, {loaded:?}"),
        Err(_) => says(
            nvrtc::compile(&kernels(), "sm_80", &[]).err(),
            &["there is no NVRTC", "libnvrtc.so", "`VIRTUAL_ENV` (not set)", "pip install nvidia-cuda-nvrtc"],
        ),
    }
    if let Err(missing) = Library::CublasLt.load() {
        says(Some(missing.error("cuda")), &["there is no cuBLASLt", "pip install nvidia-cublas"]);
    }
}

fn broken() {
    for (library, file) in [(Library::Driver, "libcuda.so.1"), (Library::Nvrtc, "libnvrtc.so.12")] {
        match library.load() {
            Ok(loaded) => eprintln!("skipped: another is there, {loaded:?}"),
            Err(missing) => {
                assert!(!missing.absent);
                says(Some(missing.error("cuda")), &[&format!("/{file} cannot be loaded: ")]);
            }
        }
    }
}

fn kernels() -> Source {
    let text = "FM_KERNEL(32) void flow_add(float* x, float a, int n, u64 first) {}\nFM_KERNEL(32) void flow_fault() {}\n\
                FM_CLUSTER(8) FM_KERNEL(32) void flow_cluster() {}\n";
    let kernels = ["flow_add", "flow_fault", "flow_cluster"].map(str::to_owned).to_vec();
    Source { name: "Moons".to_owned(), text: text.to_owned(), kernels }
}

fn memory() {
    let mut driver = Driver::new(0).unwrap();
    let all = driver.free().unwrap();
    // More than both buffers hold, and not a whole number of them.
    let values: Vec<u32> = (0..4_500_001).map(|i: u32| i.wrapping_mul(2_654_435_761)).collect();
    let bytes = 4 * values.len();
    let [a, b] = ["a", "b"].map(|what| driver.allocate(bytes + 12, what).unwrap());
    driver.upload(&a, 8, bytes_of(&values)).unwrap();
    driver.copy((&a, 8), (&b, 4), bytes).unwrap();
    let mut read = vec![0u32; values.len()];
    driver.download(&b, 4, bytes_of_mut(&mut read)).unwrap();
    assert!(read == values);
    driver.zero(&b, 8, 4).unwrap();
    driver.download(&b, 4, bytes_of_mut(&mut read[..3])).unwrap();
    assert_eq!(read[..3], [values[0], 0, values[2]]);
    driver.upload(&a, bytes + 12, &[]).unwrap();
    driver.download(&a, 0, &mut []).unwrap();
    says(driver.upload(&a, bytes + 9, &[0; 4]).err(), &["this is a bug in flow-runtime"]);
    says(driver.download(&a, usize::MAX, &mut [0; 4]).err(), &["this is a bug in flow-runtime"]);
    says(driver.copy((&a, 0), (&b, 16), bytes).err(), &["this is a bug in flow-runtime"]);
    let error = driver.allocate(300 << 20, "the weights of `Moons`").err();
    says(
        error,
        &["no memory for the weights of `Moons`: 300.0 MiB asked for, 221.7 MiB free of 256.0 MiB", "about 210."],
    );
    // It is given back with the last owner, also after the driver is gone.
    let other = a.clone();
    drop((a, b));
    assert_eq!(driver.free().unwrap(), all - (bytes + 12));
    drop(driver);
    drop(other);
    assert_eq!(Driver::new(0).unwrap().free().unwrap(), all);
}

fn launch(blocks: u32, shared: usize, cooperative: bool) -> Launch {
    Launch { blocks, threads: 32, shared, cooperative }
}

fn start_kernels() {
    let mut driver = Driver::new(0).unwrap();
    assert_eq!(driver.properties().capability, (9, 0));
    assert_eq!((driver.properties().multiprocessors, driver.properties().shared_per_block), (132, 232_448));
    let source = kernels();
    let loaded = driver.load(&source).unwrap();
    assert_eq!(driver.load(&source).unwrap(), loaded);
    let [add, _, cluster] = loaded[..] else { panic!("{loaded:?}") };
    let x = driver.allocate(16, "x").unwrap();
    driver.upload(&x, 0, bytes_of(&[1.0f32, 2.0, 3.0, 4.0])).unwrap();
    let arguments = [Argument::Address(x.address), Argument::Float(0.5), Argument::Int(2), Argument::Long(1)];
    driver.launch(add, launch(1, 0, false), &arguments).unwrap();
    // More shared memory than a kernel has without asking; then less, and more again.
    for shared in [100_000, 10, 232_448] {
        driver.launch(add, launch(1, shared, false), &arguments).unwrap();
    }
    let mut read = [0f32; 4];
    driver.download(&x, 0, bytes_of_mut(&mut read)).unwrap();
    assert_eq!(read, [1.0, 4.0, 5.0, 4.0]);
    says(
        driver.launch(add, launch(1, 232_449, false), &arguments).err(),
        &["`flow_add` needs 232449 bytes of shared memory"],
    );
    says(
        driver.launch(add, launch(1, 0, false), &arguments[..3]).err(),
        &["`flow_add` takes [Address, Float, Int, Long]", "bug"],
    );
    let swapped = [arguments[0], arguments[2], arguments[1], arguments[3]];
    says(driver.launch(add, launch(1, 0, false), &swapped).err(), &["is given [Address, Int, Float, Long]"]);
    // Two blocks a multiprocessor, or one with much shared memory.
    driver.launch(add, launch(264, 0, true), &arguments).unwrap();
    says(driver.launch(add, launch(265, 0, true), &arguments).err(), &["all of its 265 blocks", "264 are resident"]);
    says(driver.launch(add, launch(133, 200_000, true), &arguments).err(), &["132 are resident"]);
    // A cluster that is the whole grid is started as usual.
    driver.launch(cluster, launch(8, 0, true), &[]).unwrap();
    driver.synchronize().unwrap();
}

fn graph() {
    let mut driver = Driver::new(0).unwrap();
    let loaded = driver.load(&kernels()).unwrap();
    let x = driver.allocate(16, "x").unwrap();
    driver.zero(&x, 0, 16).unwrap();
    let arguments = [Argument::Address(x.address), Argument::Float(1.0), Argument::Int(3), Argument::Long(0)];
    let matrix = |rows, columns| Matrix { address: x.address, rows, columns, stride: columns };
    let graph = driver
        .capture(&mut |inside| {
            inside.launch(loaded[0], launch(1, 0, false), &arguments)?;
            inside.copy((&x, 0), (&x, 12), 4)?;
            says(inside.upload(&x, 0, &[0]).err(), &["an upload inside a capture", "bug"]);
            says(inside.download(&x, 0, &mut [0]).err(), &["a download inside a capture"]);
            says(inside.allocate(1, "y").err(), &["an allocation inside a capture"]);
            says(inside.synchronize().err(), &["waiting inside a capture"]);
            says(inside.capture(&mut |_| Ok(())).err(), &["a capture inside a capture"]);
            Ok(())
        })
        .unwrap();
    let mut read = [0f32; 4];
    driver.download(&x, 0, bytes_of_mut(&mut read)).unwrap();
    assert_eq!(read, [0.0; 4]);
    driver.replay(graph).unwrap();
    driver.replay(graph).unwrap();
    driver.download(&x, 0, bytes_of_mut(&mut read)).unwrap();
    assert_eq!(read, [2.0; 4]);
    // Work that fails leaves the device as it was.
    let failed = driver.capture(&mut |inside| inside.launch(loaded[0], launch(1, 0, false), &[]));
    says(failed.err(), &["is given []"]);
    driver.launch(loaded[0], launch(1, 0, false), &arguments).unwrap();
    // A product in a capture is not timed, and needs its workspace before.
    let [a, b] = [driver.allocate(4, "a").unwrap(), driver.allocate(4, "b").unwrap()];
    driver.upload(&a, 0, bytes_of(&[3.0f32])).unwrap();
    driver.upload(&b, 0, bytes_of(&[5.0f32])).unwrap();
    let one = |address| Matrix { address, ..matrix(1, 1) };
    let product = Product {
        number: Number::F32,
        a: one(a.address),
        a_transposed: false,
        b: one(b.address),
        b_transposed: false,
        out: one(x.address),
        alpha: 2.0,
        beta: 0.0,
        repeatable: false,
    };
    let other = driver.capture(&mut |inside| inside.multiply(&product)).unwrap();
    assert_ne!(graph, other);
    driver.replay(other).unwrap();
    driver.download(&x, 0, bytes_of_mut(&mut read)).unwrap();
    assert_eq!(read, [30.0, 3.0, 3.0, 2.0]);
    driver.forget(graph);
    driver.forget(graph);
    says(driver.replay(graph).err(), &["no captured sequence"]);
}

fn fault() {
    let mut driver = Driver::new(1).unwrap();
    let loaded = driver.load(&kernels()).unwrap();
    let x = driver.allocate(16, "x").unwrap();
    driver.launch(loaded[1], launch(3, 0, false), &[]).unwrap();
    let mut host = [1.0f32, 2.0];
    let first = driver.download(&x, 0, bytes_of_mut(&mut host)).unwrap_err().to_string();
    assert_eq!(host, [1.0, 2.0]);
    for word in [
        "device `cuda:1`: downloading failed: CUDA_ERROR_ILLEGAL_ADDRESS (700), an illegal memory access",
        "started last: `flow_fault` with 3 blocks of 32 threads",
        "start it anew",
    ] {
        assert!(first.contains(word), "`{word}` is not in: {first}");
    }
    // Everything says the same from now on.
    let again = [
        driver.synchronize(),
        driver.upload(&x, 0, &[0]),
        driver.zero(&x, 0, 1),
        driver.allocate(1, "y").map(drop),
        driver.free().map(drop),
        driver.load(&Source { text: String::new(), ..kernels() }).map(drop),
        driver.launch(loaded[1], launch(1, 0, false), &[]),
        driver.capture(&mut |_| Ok(())).map(drop),
    ];
    for result in again {
        assert_eq!(result.unwrap_err().to_string(), first);
    }
}

fn products() {
    let mut driver = Driver::new(0).unwrap();
    let (rows, depth, columns) = (3, 4, 5);
    let mut case = 0;
    for number in [Number::F32, Number::Bf16] {
        for (a_transposed, b_transposed) in [(false, false), (true, false), (false, true), (true, true)] {
            for (alpha, beta) in [(1.0, 0.0), (0.5, 2.0)] {
                case += 1;
                // Small whole numbers, which both types hold; rows are further apart than they are long.
                let value = |i: usize, salt: usize| ((i * 7 + salt + case) % 9) as f32 - 4.0;
                let (a_rows, a_columns) = if a_transposed { (depth, rows) } else { (rows, depth) };
                let (b_rows, b_columns) = if b_transposed { (columns, depth) } else { (depth, columns) };
                let a: Vec<f32> = (0..a_rows * (a_columns + 2)).map(|i| value(i, 1)).collect();
                let b: Vec<f32> = (0..b_rows * (b_columns + 3)).map(|i| value(i, 2)).collect();
                let mut out: Vec<f32> = (0..rows * (columns + 1)).map(|i| value(i, 3)).collect();
                let mut put = |values: &[f32], number| {
                    let memory = driver.allocate(4 * values.len(), "a matrix").unwrap();
                    let half: Vec<u16> = values.iter().map(|value| (value.to_bits() >> 16) as u16).collect();
                    let bytes = if number == Number::F32 { bytes_of(values) } else { bytes_of(&half) };
                    driver.upload(&memory, 0, bytes).unwrap();
                    memory
                };
                let on_device = [put(&a, number), put(&b, number), put(&out, Number::F32)];
                let matrix = |index: usize, rows, columns, more| Matrix {
                    address: on_device[index].address,
                    rows,
                    columns,
                    stride: columns + more,
                };
                let product = Product {
                    number,
                    a: matrix(0, a_rows, a_columns, 2),
                    a_transposed,
                    b: matrix(1, b_rows, b_columns, 3),
                    b_transposed,
                    out: matrix(2, rows, columns, 1),
                    alpha,
                    beta,
                    repeatable: false,
                };
                driver.multiply(&product).unwrap();
                for row in 0..rows {
                    for column in 0..columns {
                        let a_at = |k| if a_transposed { a[k * (rows + 2) + row] } else { a[row * (depth + 2) + k] };
                        let b_at =
                            |k| if b_transposed { b[column * (depth + 3) + k] } else { b[k * (columns + 3) + column] };
                        let sum: f32 = (0..depth).map(|k| a_at(k) * b_at(k)).sum();
                        let place = &mut out[row * (columns + 1) + column];
                        *place = alpha * sum + beta * *place;
                    }
                }
                let mut read = vec![0f32; out.len()];
                driver.download(&on_device[2], 0, bytes_of_mut(&mut read)).unwrap();
                assert_eq!(read, out, "{product:?}");
                // The second time nothing is timed, and the output is as the first time where nothing is added.
                driver.multiply(&product).unwrap();
                let wrong = Product { out: matrix(2, rows, columns - 1, 2), ..product };
                says(driver.multiply(&wrong).err(), &["shapes do not fit"]);
                if beta == 0.0 {
                    driver.download(&on_device[2], 0, bytes_of_mut(&mut read)).unwrap();
                    assert_eq!(read, out);
                }
            }
        }
    }
}

fn cache() {
    let mut driver = Driver::new(0).unwrap();
    driver.load(&kernels()).unwrap();
    driver.load(&Source { text: format!("{}\n", kernels().text), ..kernels() }).unwrap();
}
