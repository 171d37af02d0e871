//! The driver's calls against stand-ins for NVIDIA's libraries, which do on the host what a device would do; and what is said
//! where a library or a device is missing. Libraries are loaded once in a process: each case is a process of its own.

mod cases;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

const CASE: &str = "FLOW_TEST_CUDA_CASE";

/// Not a test: what the processes of the tests below do.
#[test]
#[ignore = "started by the other tests of this file"]
fn child() {
    if let Ok(case) = env::var(CASE) {
        cases::run(&case);
    }
}

/// Folders of the stand-ins: all three, and one whose driver lacks a function; nothing where there is no compiler for C.
fn stubs() -> Option<&'static (tempfile::TempDir, PathBuf, PathBuf)> {
    static STUBS: OnceLock<Option<(tempfile::TempDir, PathBuf, PathBuf)>> = OnceLock::new();
    STUBS
        .get_or_init(|| {
            if !cfg!(all(target_os = "linux", target_pointer_width = "64")) {
                eprintln!("skipped: the stand-ins are for Linux");
                return None;
            }
            let folder = tempfile::tempdir().unwrap();
            let text = folder.path().join("stub.c");
            fs::write(&text, include_str!("tests/stub.c")).unwrap();
            let (all, without) = (folder.path().join("all"), folder.path().join("without"));
            let built = build(&text, &all, "libcuda.so", &["-DDRIVER"])?
                && build(&text, &all, "libnvrtc.so", &["-DNVRTC"])?
                && build(&text, &all, "libcublasLt.so", &["-DCUBLASLT"])?
                && build(&text, &without, "libcuda.so", &["-DDRIVER", "-DWITHOUT_INIT"])?;
            assert!(built, "the stand-ins do not compile");
            Some((folder, all, without))
        })
        .as_ref()
}

fn build(text: &Path, folder: &Path, name: &str, options: &[&str]) -> Option<bool> {
    fs::create_dir_all(folder).unwrap();
    let mut command = Command::new("cc");
    // The name that cudarc asks for first, so that a real driver does not come before.
    command.args(["-shared", "-fPIC", "-O1", "-w"]).args(options).arg(format!("-Wl,-soname,{name}"));
    if name == "libcublasLt.so" {
        // It calls the driver's stand-in.
        command.arg("-L").arg(folder);
    }
    command.arg("-o").arg(folder.join(name)).arg(text);
    if name == "libcublasLt.so" {
        command.args(["-l:libcuda.so"]);
    }
    match command.output() {
        Ok(output) => {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            Some(output.status.success())
        }
        Err(error) => {
            eprintln!("skipped: there is no compiler for C, `cc`: {error}");
            None
        }
    }
}

fn start(case: &str, libraries: &Path, stub: &str, cache: &str) -> Output {
    let name = format!("{}::child", module_path!().split_once("::").unwrap().1);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &name, "--ignored", "--nocapture"]);
    for variable in
        ["LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME", "CUDA_VISIBLE_DEVICES"]
    {
        command.env_remove(variable);
    }
    command
        .env(CASE, case)
        .env("FLOW_CUDA_LIB_DIR", libraries)
        .env("FLOW_CUDA_CACHE", cache)
        .env("FLOW_STUB", stub)
        .output()
        .unwrap()
}

/// Runs a case in a process of its own, where it must succeed.
fn succeeds(case: &str, libraries: &Path, stub: &str, cache: &str) -> Output {
    let output = start(case, libraries, stub, cache);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{case}, {stub}:\n{}\n{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "{case} did not run:\n{}", text(&output.stdout));
    output
}

#[test]
fn what_is_missing_is_said() {
    let Some((folder, all, without)) = stubs() else { return };
    let nothing = folder.path().join("nothing");
    fs::create_dir_all(&nothing).unwrap();
    let broken = folder.path().join("broken");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("libcuda.so.1"), "no library").unwrap();
    fs::write(broken.join("libnvrtc.so.12"), "no library").unwrap();
    succeeds("nothing", &nothing, "", "off");
    succeeds("broken", &broken, "", "off");
    succeeds("without a function", without, "", "off");
    for stub in ["old", "no-device", "none", "mismatch", "exclusive", "turing", "old-nvrtc", "newer", "index"] {
        succeeds(stub, all, stub, "off");
    }
}

#[test]
fn memory_is_written_read_copied_and_cleared() {
    let Some((_, all, _)) = stubs() else { return };
    succeeds("memory", all, "", "off");
    succeeds("memory", all, "unpinned", "off");
}

#[test]
fn kernels_are_started_and_recorded() {
    let Some((_, all, _)) = stubs() else { return };
    succeeds("kernels", all, "", "off");
    succeeds("graph", all, "", "off");
}

#[test]
fn a_fault_stays_and_harms_nothing_else() {
    let Some((_, all, _)) = stubs() else { return };
    succeeds("fault", all, "", "off");
}

#[test]
fn products_are_those_of_matrices_by_rows() {
    let Some((_, all, _)) = stubs() else { return };
    succeeds("products", all, "", "off");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_once() {
    let Some((folder, all, _)) = stubs() else { return };
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = succeeds("cache", all, "", file.join("below").to_str().unwrap());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.matches("flow-runtime: compiled kernels cannot be kept").count(), 1, "{text}");
    let output = succeeds("cache", all, "", "off");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("flow-runtime:"));
    let kept = folder.path().join("kept");
    succeeds("cache", all, "", kept.to_str().unwrap());
    assert_eq!(fs::read_dir(kept).unwrap().count(), 2);
}

#[test]
fn the_report_says_what_is_there() {
    let Some((folder, all, _)) = stubs() else { return };
    let said = |libraries: &Path, stub| {
        String::from_utf8_lossy(&succeeds("report", libraries, stub, "off").stderr).into_owned()
    };
    let text = said(all, "");
    for line in [
        format!("NVIDIA driver: 13.0, {}", all.join("libcuda.so").display()),
        format!("NVRTC: 13.0, {}", all.join("libnvrtc.so").display()),
        format!("cuBLASLt: 13.1, {}", all.join("libcublasLt.so").display()),
        "cuda:1: Stub 1, compute capability 9.0, 132 multiprocessors, 0.2 GiB, 0.2 GiB free".to_owned(),
        "compiled kernels: not kept".to_owned(),
    ] {
        assert!(text.lines().any(|given| given == line), "`{line}` is not in:\n{text}");
    }
    assert!(said(all, "none").contains("devices: device `cuda`: the driver (CUDA 13.0) finds no GPU"));
    assert!(said(&folder.path().join("none"), "").contains("NVIDIA driver: "));
}
