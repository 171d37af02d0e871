//! What there is of CUDA on this machine, in words.

use super::{cache::Cache, driver, library::Library};
use std::fmt::Write;

/// Libraries, devices and the folder of compiled kernels, one line each; for what is missing, where it was looked for.
pub(crate) fn report() -> String {
    let mut text = String::new();
    for library in [Library::Driver, Library::Nvrtc, Library::CublasLt] {
        let _ = match library.load() {
            Ok(loaded) => {
                let path = loaded.path.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
                let (major, minor) = loaded.version;
                writeln!(text, "{}: {major}.{minor}{path}", library.name())
            }
            Err(missing) => writeln!(text, "{}: {}\n  help: {}", library.name(), missing.found, missing.help),
        };
    }
    if Library::Driver.load().is_ok() {
        match driver::devices() {
            Ok(devices) => {
                for (index, device) in devices.iter().enumerate() {
                    let (major, minor) = device.capability;
                    let free = match driver::free_memory(index) {
                        Ok(free) => format!("{:.1} GiB free", gibibytes(free)),
                        Err(error) => error.to_string().replace('\n', "; "),
                    };
                    let _ = writeln!(
                        text,
                        "cuda:{index}: {}, compute capability {major}.{minor}, {} multiprocessors, {:.1} GiB, {free}",
                        device.name,
                        device.multiprocessors,
                        gibibytes(device.memory)
                    );
                }
            }
            Err(error) => {
                let _ = writeln!(text, "devices: {}", error.to_string().replace("\nhelp", "\n  help"));
            }
        }
    }
    let cache = Cache::new();
    let _ = match cache.folder() {
        Some(folder) => {
            let (entries, bytes) = cache.size();
            writeln!(text, "compiled kernels: {entries} in {}, {:.1} MiB", folder.display(), bytes as f64 / 1_048_576.0)
        }
        None => writeln!(text, "compiled kernels: not kept"),
    };
    text
}

fn gibibytes(bytes: usize) -> f64 {
    bytes as f64 / 1_073_741_824.0
}
