use super::*;

const PRINTED: &str = "
\tcode for sm_90a
\t\tFunction : flow_moons
\t.headerflags\t@\"EF_CUDA_SM90\"
        /*0000*/                   LDC R1, c[0x0][0x28] ;                     /* 0x00000a00ff017b82 */
                                                                              /* 0x000e220000000800 */
        /*0010*/                   LDS R3, [R6+UR4] ;                         /* 0x0000000000007919 */
        /*0020*/                   HMMA.16816.F32 R4, R8, R12, R4 ;           /* 0x0000000000007919 */
        /*0030*/                   HFMA2.MMA R20, -RZ, RZ, 0, 0 ;             /* 0x000000ff00147435 */
        /*0040*/                   MUFU.EX2 R19, R20 ;                        /* 0x0000001400137308 */
        /*0050*/              @!P0 MUFU.RCP R19, R20 ;                        /* 0x0000001400137308 */
        /*0060*/                   NOP ;                                      /* 0x0000000000007918 */
        /*0070*/              @!P1 BRA 0x20 ;                                 /* 0x0000000800f09947 */
        /*0080*/                   BAR.SYNC.DEFER_BLOCKING 0x0 ;              /* 0x0000000000007b1d */
        /*0090*/              @P0  BRA.U UP0, `(0x10) ;                       /* 0x0000000800f09947 */
        /*00a0*/                   EXIT ;                                     /* 0x000000000000794d */
        /*00b0*/                   STL [R1], R0 ;                             /* 0x000000000000794d */
        /*00c0*/                   BRA 0x80 ;                                 /* 0x000000000000794d */
        /*00d0*/                   BRA 0xd0;                                  /* 0xfffffffc00fc7947 */
\t\tFunction : flow_straight
        /*0000*/                   EXIT ;                                     /* 0x000000000000794d */
";

#[test]
fn loops_are_found_in_machine_code() {
    let loops = sass::loops(PRINTED);
    let [outer, inner] = &loops[..] else { panic!("{loops:?}") };
    assert_eq!((outer.first, outer.last, outer.inner), (0x10, 0x90, false));
    assert_eq!((inner.first, inner.last, inner.inner), (0x20, 0x70, true));
    assert_eq!((outer.total(), inner.total()), (8, 5));
    assert_eq!((inner.count("HMMA"), inner.count("MUFU"), inner.count("MUFU.EX2"), inner.count("HFMA2")), (1, 2, 1, 1));
    assert_eq!((inner.count("LDS"), outer.count("LDS"), outer.count("BAR"), outer.count("MUF")), (0, 1, 1, 0));
    assert_eq!(inner.summary(), "flow_moons 0x20..0x70: 5 = MUFU 2, BRA 1, HFMA2 1, HMMA 1");
}

fn source() -> Source {
    let text = "FM_KERNEL(128) void flow_moons(const float* x, float* y, int turns) {
        FM_SMEM(float, room);
        const int t = threadIdx.x;
        room[t] = x[t];
        float sum = 0.0f;
        #pragma unroll 1
        for (int turn = 0; turn < turns; turn++) {
          __syncthreads();
          #pragma unroll
          for (int i = 0; i < 8; i++) sum = fmaf(room[(t + i) & 127], sum, 0.5f);
          sum = fm_ex2(sum);
          __syncthreads();
          room[t] = sum;
        }
        y[t] = sum;
      }";
    Source { name: "Moons".to_owned(), text: text.to_owned(), kernels: vec!["flow_moons".to_owned()] }
}

#[test]
fn instructions_of_a_loop_are_counted() {
    for architecture in ["sm_80", "sm_90a"] {
        let Some(binary) = frugal(&source(), architecture, 64) else { return };
        let Some(loops) = loops(&binary.cubin).unwrap() else { return };
        let [only] = &loops[..] else { panic!("{loops:?}") };
        eprintln!("{architecture}: {}", only.summary());
        assert_eq!((only.count("FFMA"), only.count("MUFU.EX2"), only.count("BAR")), (8, 1, 2), "{}", only.summary());
        assert_eq!((only.count("LDS"), only.count("STS"), only.count("LDL"), only.count("STL")), (8, 1, 0, 0));
        assert!(only.inner && only.total() < 40);
    }
}

#[test]
fn what_is_no_machine_code_is_told() {
    match loops(b"no code") {
        // There is no cuobjdump, and none was promised.
        Ok(found) => assert!(found.is_none()),
        Err(error) => assert!(error.to_string().contains("cuobjdump"), "{error}"),
    }
}
