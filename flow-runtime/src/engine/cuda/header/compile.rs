//! From text to functions that can be called: g++, and the loader.

mod folder;

use super::failed;
use crate::{engine::cuda::source::Source, error::Result};
use libloading::Library;
use std::{
    collections::HashMap,
    ffi::{CStr, c_char, c_void},
    fmt::Write,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// What stands before every text.
const PRELUDE: [&str; 2] = [include_str!("fiber.h"), include_str!("cuda_header.h")];

/// A launch, as `fm::Start` of fiber.h.
#[repr(C)]
pub(super) struct Start {
    pub(super) seed: u64,
    pub(super) shared: u64,
    pub(super) stacks: *mut u8,
    pub(super) stack: u64,
    pub(super) message: *mut u8,
    pub(super) message_bytes: u64,
    pub(super) blocks: u32,
    pub(super) threads: u32,
    pub(super) cooperative: u32,
    pub(super) cluster: u32,
}

type Run = unsafe extern "C" fn(*const Start, *mut *mut c_void) -> i32;
type Types = unsafe extern "C" fn() -> *const c_char;
type Count = unsafe extern "C" fn() -> u32;

/// A kernel as a function.
pub(super) struct Entry {
    pub(super) name: String,
    /// The text it is of, in messages.
    pub(super) source: String,
    /// Types of the parameters, a letter each: `p`, `i`, `l`, `f`.
    pub(super) types: String,
    /// Threads that it was declared for.
    pub(super) threads: u32,
    /// Blocks of the cluster that it was declared for; zero if for none.
    pub(super) cluster: u32,
    run: Run,
    /// The function's own.
    _library: Arc<Library>,
}

impl Entry {
    /// Runs the kernel over a grid; whether all went well, else the reason is in the message.
    ///
    /// # Safety
    /// The arguments are pointers to values of the kernel's types; what they point to is held and large enough; there is room for
    /// the stacks and the message.
    pub(super) unsafe fn run(&self, start: &Start, arguments: *mut *mut c_void) -> bool {
        // SAFETY: the caller's promise; the library is held.
        unsafe { (self.run)(start, arguments) == 0 }
    }
}

/// What g++ says of itself, or why nothing can be compiled here.
fn compiler() -> &'static Result<String, String> {
    static COMPILER: OnceLock<Result<String, String>> = OnceLock::new();
    COMPILER.get_or_init(|| {
        if !cfg!(all(any(target_arch = "x86_64", target_arch = "aarch64"), target_os = "linux")) {
            return Err("not Linux on x86-64 or AArch64".to_owned());
        }
        match Command::new("g++").args(["-dumpmachine", "-dumpfullversion"]).output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(output) => Err(format!("g++ fails: {}", String::from_utf8_lossy(&output.stderr).trim())),
            Err(error) => Err(format!("no g++ ({error})")),
        }
    })
}

/// Why nothing can be compiled here, if it cannot.
pub(super) fn unavailable() -> Option<String> {
    compiler().as_ref().err().cloned()
}

/// Options for g++. Sums are fused where the text says so and nowhere else; memory is read as what the text takes it for.
fn options() -> Vec<&'static str> {
    let mut options = vec!["-O1", "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off"];
    options.extend(["-fno-math-errno", "-fno-strict-aliasing", "-fwrapv", "-fno-exceptions", "-fno-rtti"]);
    // A kernel whose own variables fill a fiber's stack is none for a device either.
    options.extend(["-fno-gnu-unique", "-fno-stack-protector", "-Wno-register", "-Werror=frame-larger-than=40000"]);
    #[cfg(target_arch = "x86_64")]
    {
        // Fibers change stacks by themselves.
        options.push("-fcf-protection=none");
        if std::arch::is_x86_feature_detected!("fma") && std::arch::is_x86_feature_detected!("avx2") {
            options.push("-march=x86-64-v3");
        }
    }
    options
}

/// The kernels of a source, in their order.
///
/// Libraries are kept: for the process, and in a folder of the user's for other processes.
pub(super) fn load(source: &Source) -> Result<Vec<Entry>> {
    static LIBRARIES: Mutex<Option<HashMap<u64, Arc<Mutex<Option<Arc<Library>>>>>>> = Mutex::new(None);
    let text = text(source)?;
    let mut hasher = DefaultHasher::new();
    (&text, options(), compiler()).hash(&mut hasher);
    let hash = hasher.finish();
    let slot = {
        let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(libraries.get_or_insert_with(HashMap::new).entry(hash).or_default())
    };
    // Other texts are compiled meanwhile; the same one is compiled once.
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match &*slot {
        Some(library) => Arc::clone(library),
        None => {
            let library = Arc::new(open(source, &text, hash)?);
            *slot = Some(Arc::clone(&library));
            library
        }
    };
    source.kernels.iter().map(|kernel| entry(source, kernel, &library)).collect()
}

/// Opens what was compiled before, or else compiles.
fn open(source: &Source, text: &str, hash: u64) -> Result<Library> {
    let path = folder::folder()?.join(format!("{hash:016x}.so"));
    if !path.exists() {
        build(source, text, &path)?;
    }
    // SAFETY: the text has no initialisers that run code; the file is in a folder to which this user alone writes.
    unsafe { Library::new(&path) }
        .map_err(|error| failed(&format!("{path:?}: {error}"), "remove the file and try again"))
}

/// Compiles into a file of its own first, so that another process finds a whole one or none.
fn build(source: &Source, text: &str, path: &Path) -> Result<()> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let io = |error: std::io::Error| failed(&error.to_string(), "make room in the folder for temporary files");
    let own = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (code, library) = (path.with_extension(format!("{own}.cpp")), path.with_extension(format!("{own}.so")));
    fs::write(&code, text).map_err(io)?;
    let output = Command::new("g++").args(options()).arg(&code).arg("-o").arg(&library).output();
    let _ = fs::remove_file(&code);
    let output = output.map_err(io)?;
    if !output.status.success() {
        let log: Vec<_> = String::from_utf8_lossy(&output.stderr).lines().take(20).map(str::to_owned).collect();
        return Err(failed(
            &format!("g++ refuses the kernels of `{}`:\n{}", source.name, log.join("\n")),
            "mend the text",
        ));
    }
    fs::rename(&library, path).map_err(io)
}

/// The whole text: prelude, kernels, and what is called from here.
fn text(source: &Source) -> Result<String> {
    let mut text = PRELUDE.concat();
    let file = source.name.replace(['\\', '"', '\n'], " ");
    let _ = writeln!(text, "#line 1 \"{file}\"\n{}\n#line 1 \"entries\"", source.text);
    for kernel in &source.kernels {
        let Some((threads, cluster)) = declared(&source.text, kernel) else {
            let found =
                format!("`{kernel}` of `{}` is not declared as `FM_KERNEL(threads) void {kernel}(...)`", source.name);
            return Err(failed(&found, "mend the text"));
        };
        let cluster = cluster.unwrap_or("0");
        let _ = writeln!(
            text,
            "#define FM_EXPORT extern \"C\" __attribute__((visibility(\"default\")))\n\
             FM_EXPORT int fm_run_{kernel}(const fm::Start* s, void** a) {{ return fm::run(*s, [](void** a) {{ fm::call({kernel}, a); }}, a); }}\n\
             FM_EXPORT const char* fm_types_{kernel}() {{ return fm::types({kernel}); }}\n\
             FM_EXPORT u32 fm_threads_{kernel}() {{ return {threads}; }}\n\
             FM_EXPORT u32 fm_cluster_{kernel}() {{ return {cluster}; }}"
        );
    }
    Ok(text)
}

/// What stands in the `FM_KERNEL(…)` before a kernel's name, and in the `FM_CLUSTER(…)` that there may be.
fn declared<'a>(text: &'a str, kernel: &str) -> Option<(&'a str, Option<&'a str>)> {
    let within = |text: &'a str| text.split_once(')').map(|(inside, _)| inside);
    text.match_indices(kernel).find_map(|(at, _)| {
        let after = text[at + kernel.len()..].trim_start();
        let before = text[..at].trim_end().strip_suffix("void")?;
        let head = &before[before.rfind("FM_KERNEL(")?..];
        // Of another function, or of a longer name.
        if !after.starts_with('(') || head.contains(['{', ';']) {
            return None;
        }
        let threads = within(&head["FM_KERNEL(".len()..])?;
        let cluster = head.split_once("FM_CLUSTER(").and_then(|(_, rest)| within(rest));
        Some((threads, cluster))
    })
}

fn entry(source: &Source, kernel: &str, library: &Arc<Library>) -> Result<Entry> {
    let missing = |error: libloading::Error| failed(&error.to_string(), "name the kernels that the text has");
    // SAFETY: the functions are of these types, as the text says; the string is static.
    unsafe {
        let run = *library.get::<Run>(format!("fm_run_{kernel}").as_bytes()).map_err(missing)?;
        let types = library.get::<Types>(format!("fm_types_{kernel}").as_bytes()).map_err(missing)?;
        let threads = library.get::<Count>(format!("fm_threads_{kernel}").as_bytes()).map_err(missing)?;
        let cluster = library.get::<Count>(format!("fm_cluster_{kernel}").as_bytes()).map_err(missing)?;
        Ok(Entry {
            name: kernel.to_owned(),
            source: source.name.clone(),
            types: CStr::from_ptr(types()).to_string_lossy().into_owned(),
            threads: threads(),
            cluster: cluster(),
            run,
            _library: Arc::clone(library),
        })
    }
}
