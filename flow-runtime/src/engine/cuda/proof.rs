//! Proof without a GPU: what NVRTC makes of a text, and how many instructions a loop of it takes.
//!
//! Registers, stack and spills are in NVRTC's log. Instructions are in the machine code, which `cuobjdump` and `nvdisasm` print
//! (of CUDA's toolkit, or of the packages `nvidia-cuda-cuobjdump` and `nvidia-cuda-nvdisasm`); they are looked for in
//! `FLOW_CUDA_TOOLS` and on `PATH`.

mod sass;

use super::{
    nvrtc::{self, Binary},
    source::Source,
};
use crate::error::{Error, Result};
pub(crate) use sass::Loop;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A text as NVRTC compiles it for an architecture such as `sm_80` or `sm_90a`; `None`, and the reason printed, where there is no
/// NVRTC and `FLOW_REQUIRE_NVRTC` is not set.
///
/// # Panics
/// If it does not compile.
pub(crate) fn compiled(source: &Source, architecture: &str) -> Option<Binary> {
    match nvrtc::version() {
        Ok(_) => Some(nvrtc::compile(source, architecture, &[]).unwrap_or_else(|error| panic!("{error}"))),
        Err(error) => {
            assert!(std::env::var_os("FLOW_REQUIRE_NVRTC").is_none(), "{error}");
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// As [`compiled`], for kernels that need no stack and spill nothing, each within so many registers; it tells what they take.
///
/// # Panics
/// If one does not.
pub(crate) fn frugal(source: &Source, architecture: &str, registers: u32) -> Option<Binary> {
    let binary = compiled(source, architecture)?;
    assert_eq!(binary.resources.len(), source.kernels.len(), "{}", binary.log);
    for kernel in &binary.resources {
        eprintln!("{} for {architecture}: {} registers", kernel.kernel, kernel.registers);
        assert_eq!((kernel.stack, kernel.spill_stores, kernel.spill_loads), (0, 0, 0), "{architecture}: {kernel:?}");
        assert!(kernel.registers <= registers, "{architecture}: {kernel:?}, of {registers}");
    }
    Some(binary)
}

/// The loops of all kernels of a CUBIN, outer and inner ones; `None`, and the reason printed, where the tools are not found and
/// `FLOW_CUDA_TOOLS` does not promise them.
///
/// # Errors
/// [`Error::Device`] if `cuobjdump` fails.
pub(crate) fn loops(cubin: &[u8]) -> Result<Option<Vec<Loop>>> {
    Ok(disassembly(cubin)?.map(|text| sass::loops(&text)))
}

/// The machine code as text.
fn disassembly(cubin: &[u8]) -> Result<Option<String>> {
    let failed = |found: String| Error::Device {
        asked: "cuobjdump".to_owned(),
        found,
        help: "set FLOW_CUDA_TOOLS to a folder with cuobjdump and nvdisasm of CUDA 12 or newer".to_owned(),
    };
    let promised = std::env::var_os("FLOW_CUDA_TOOLS").filter(|folder| !folder.is_empty());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = promised.iter().map(PathBuf::from).chain(std::env::split_paths(&path)).collect();
    let both = |folder: &&PathBuf| ["cuobjdump", "nvdisasm"].iter().all(|tool| folder.join(tool).is_file());
    let Some(folder) = folders.iter().find(both) else {
        if let Some(folder) = promised {
            return Err(failed(format!("neither in {folder:?} nor on PATH")));
        }
        eprintln!("skipped: no cuobjdump and nvdisasm, neither in FLOW_CUDA_TOOLS nor on PATH");
        return Ok(None);
    };
    let io = |error: std::io::Error| failed(error.to_string());
    let file = Temporary::with(cubin).map_err(io)?;
    let output = Command::new(folder.join("cuobjdump"))
        .arg("--dump-sass")
        .arg(&file.0)
        // It calls nvdisasm.
        .env("PATH", joined(folder, &path))
        .output()
        .map_err(io)?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn joined(folder: &Path, path: &OsString) -> OsString {
    let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(path));
    std::env::join_paths(all).unwrap_or_else(|_| folder.into())
}

/// A file that goes when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn with(bytes: &[u8]) -> std::io::Result<Self> {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = Self(std::env::temp_dir().join(format!("flow-proof-{}-{count}.cubin", std::process::id())));
        fs::write(&file.0, bytes)?;
        Ok(file)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests;
