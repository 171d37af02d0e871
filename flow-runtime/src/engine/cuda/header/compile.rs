//! From text to functions that can be called: g++, and the loader.

use super::failed;
use crate::{engine::cuda::source::Source, error::Result};
use libloading::Library;
use std::{
    collections::HashMap,
    ffi::c_void,
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, OnceLock, PoisonError},
};

const HEADER: &str = include_str!("cuda_header.h");

type Function = unsafe extern "C" fn(u32, u32, usize, i32, u64, *mut *mut c_void) -> i32;

/// A kernel as a function, and the library that it is in.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    function: Function,
}

impl Entry {
    /// Runs the kernel over a grid.
    ///
    /// # Safety
    /// The arguments are pointers to values of the types that the kernel's parameters have.
    pub(super) unsafe fn call(
        self,
        blocks: u32,
        threads: u32,
        shared: usize,
        cooperative: i32,
        seed: u64,
        arguments: *mut *mut c_void,
    ) -> i32 {
        // SAFETY: the caller's promise; libraries are never unloaded.
        unsafe { (self.function)(blocks, threads, shared, cooperative, seed, arguments) }
    }
}

/// Why nothing can be compiled here, if it cannot.
pub(super) fn unavailable() -> Option<String> {
    static REASON: OnceLock<Option<String>> = OnceLock::new();
    let look = || {
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Some("a machine that is not Linux on x86-64".to_owned());
        }
        match Command::new("g++").arg("--version").output() {
            Ok(output) if output.status.success() => None,
            _ => Some("no g++".to_owned()),
        }
    };
    REASON.get_or_init(look).clone()
}

/// Options for g++. Sums are fused where the text says so and nowhere else.
fn options() -> Vec<&'static str> {
    let mut options = vec!["-O1", "-std=c++17", "-shared", "-fPIC", "-w", "-ffp-contract=off", "-fno-math-errno"];
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") && std::arch::is_x86_feature_detected!("avx2") {
        options.push("-march=x86-64-v3");
    }
    options
}

/// The kernels of a source, in their order.
pub(super) fn compile(source: &Source) -> Result<Vec<Entry>> {
    static LIBRARIES: Mutex<Option<HashMap<u64, Library>>> = Mutex::new(None);
    let mut text = format!("{HEADER}#line 1 \"{}\"\n{}\n", source.name, source.text);
    for kernel in &source.kernels {
        let _ = writeln!(
            text,
            "extern \"C\" int fm_run_{kernel}(unsigned g, unsigned b, size_t s, int c, u64 seed, void** a) {{ return \
             fm::run({kernel}, g, b, s, c, seed, a); }}"
        );
    }
    let mut hasher = DefaultHasher::new();
    (&text, options()).hash(&mut hasher);
    let hash = hasher.finish();
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    let libraries = libraries.get_or_insert_with(HashMap::new);
    if !libraries.contains_key(&hash) {
        let path = std::env::temp_dir().join(format!("flow-cuda-header-{hash:016x}.so"));
        if !path.exists() {
            build(source, &text, &path)?;
        }
        // SAFETY: the library has no initialisers but those of static variables.
        let library = unsafe { Library::new(&path) };
        let library = library.map_err(|error| failed(&error.to_string(), "remove the file and try again"))?;
        libraries.insert(hash, library);
    }
    let Some(library) = libraries.get(&hash) else { return Ok(Vec::new()) };
    let entry = |kernel: &String| {
        // SAFETY: the function is of this type, as the text above says.
        let function = unsafe { library.get::<Function>(format!("fm_run_{kernel}").as_bytes()) };
        let missing = |error: libloading::Error| failed(&error.to_string(), "name the kernels that the text has");
        Ok(Entry { function: *function.map_err(missing)? })
    };
    source.kernels.iter().map(entry).collect()
}

/// Compiles into a file of its own first, so that another process finds a whole one or none.
fn build(source: &Source, text: &str, path: &Path) -> Result<()> {
    static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let io = |error: std::io::Error| failed(&error.to_string(), "make room in the folder for temporary files");
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let own = format!("{}-{count}", std::process::id());
    let (code, library): (PathBuf, PathBuf) =
        (path.with_extension(format!("{own}.cpp")), path.with_extension(format!("{own}.so")));
    fs::write(&code, text).map_err(io)?;
    let output = Command::new("g++").args(options()).arg(&code).arg("-o").arg(&library).output().map_err(io)?;
    let _ = fs::remove_file(&code);
    if !output.status.success() {
        let log: String = String::from_utf8_lossy(&output.stderr).lines().take(20).collect::<Vec<_>>().join("\n");
        return Err(failed(&format!("a text of `{}` that g++ refuses:\n{log}", source.name), "mend the text"));
    }
    fs::rename(&library, path).map_err(io)
}
