use super::*;

/// Whether there is NVRTC; without it such tests are skipped, or fail if it is required.
pub(crate) fn there_is_nvrtc() -> bool {
    match version() {
        Ok(_) => true,
        Err(error) if std::env::var_os("FLOW_REQUIRE_NVRTC").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!("skipped: {error}");
            false
        }
    }
}

pub(crate) fn source(text: &str) -> Source {
    Source { name: "Moons".to_owned(), text: text.to_owned(), kernels: vec!["flow_moons".to_owned()] }
}

const SCALE: &str = "FM_KERNEL(128) void flow_moons(float* x, float a, int n) {\n  \
    int i = blockIdx.x * 128 + threadIdx.x;\n  \
    if (i < n) x[i] = a * fm_ex2(x[i]);\n}\n";

#[test]
fn a_text_becomes_machine_code_and_its_resources_are_known() {
    if !there_is_nvrtc() {
        return;
    }
    for architecture in ["sm_80", "sm_90a"] {
        let binary = compile(&source(SCALE), architecture, &[]).unwrap();
        assert_eq!(binary.cubin[..4], *b"\x7fELF");
        let [resources] = &binary.resources[..] else { panic!("{}", binary.log) };
        assert_eq!(resources.kernel, "flow_moons");
        assert!((4..32).contains(&resources.registers), "{resources:?}");
        assert_eq!((resources.stack, resources.spill_stores, resources.spill_loads), (0, 0, 0));
    }
}

#[test]
fn spills_and_stacks_are_seen() {
    if !there_is_nvrtc() {
        return;
    }
    // An array that is indexed by a variable cannot lie in registers.
    let text = "FM_KERNEL(128) void flow_moons(float* x, int n) {\n  float a[16];\n  for (int i = 0; i < 16; i++) a[i] = x[i];\n  \
                for (int i = 0; i < n; i++) a[(n * i) & 15] += x[i];\n  x[n] = a[n & 15];\n}\n";
    let binary = compile(&source(text), "sm_80", &[]).unwrap();
    assert_eq!(binary.resources[0].stack, 64, "{}", binary.log);
    // 64 registers for more numbers that are alive at once.
    let text = "FM_KERNEL(1024) void flow_moons(float* x) {\n  float a[100];\n  \
                _Pragma(\"unroll\") for (int i = 0; i < 100; i++) a[i] = x[i * 1024 + threadIdx.x];\n  __syncthreads();\n  \
                _Pragma(\"unroll\") for (int i = 0; i < 100; i++) x[(99 - i) * 1024 + threadIdx.x] = a[i] * a[(i * 7) % 100];\n}\n";
    let binary = compile(&source(text), "sm_80", &[]).unwrap();
    assert!(binary.resources[0].spill_stores > 0 && binary.resources[0].spill_loads > 0, "{}", binary.log);
}

#[test]
fn an_error_names_the_model_and_shows_the_line() {
    if !there_is_nvrtc() {
        return;
    }
    let error =
        compile(&source("\n\nFM_KERNEL(32) void flow_moons(float* x) {\n  x[0] = velocity;\n}\n"), "sm_80", &[]);
    let text = error.unwrap_err().to_string();
    assert!(text.contains("kernels of `Moons`"), "{text}");
    assert!(text.contains("Moons(4): error") && text.contains("\"velocity\""), "{text}");
    assert!(text.contains("line 4 of the text: x[0] = velocity;"), "{text}");
    assert!(text.contains("\nhelp: "), "{text}");
}

#[test]
fn a_name_with_quotes_and_a_zero_byte_are_no_trouble() {
    if !there_is_nvrtc() {
        return;
    }
    let named = Source { name: "a\"\\b".to_owned(), ..source(SCALE) };
    assert!(compile(&named, "sm_80", &[]).is_ok());
    let error = compile(&source("\0"), "sm_80", &[]).unwrap_err().to_string();
    assert!(error.contains("zero byte"), "{error}");
    let error = compile(&source(SCALE), "sm_80", &["--no-such-option"]).unwrap_err().to_string();
    assert!(error.contains("no-such-option"), "{error}");
}

#[test]
fn a_device_that_is_newer_than_nvrtc_gets_ptx() {
    assert_eq!(choose("sm_90a", 90, &[75, 80, 90]).as_deref(), Some("sm_90a"));
    assert_eq!(choose("sm_150", 150, &[75, 80, 90]).as_deref(), Some("compute_90"));
    assert_eq!(choose("sm_70", 70, &[75, 80, 90]), None);
    if !there_is_nvrtc() {
        return;
    }
    let binary = compile(&source(SCALE), "sm_999", &[]).unwrap();
    assert!(String::from_utf8_lossy(&binary.cubin).contains(".target sm_"));
    assert_eq!(binary.cubin.last(), Some(&0));
    let error = compile(&source(SCALE), "sm_20", &[]).unwrap_err().to_string();
    assert!(error.contains("compute capability 2.0"), "{error}");
}
