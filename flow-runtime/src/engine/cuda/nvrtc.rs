//! Compiling kernel text by NVRTC, to a CUBIN for the very device.

mod log;

use super::{library::Library, source::Source};
use crate::error::{Error, Result};
use cudarc::nvrtc::{result, sys};
use std::{
    ffi::{CStr, CString, c_char},
    ptr,
};

pub(crate) use log::Resources;

/// The functions that kernel text may use; it stands before every text.
const PRELUDE: &str = include_str!("text/device.cuh");

/// A compiled text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binary {
    /// Machine code; or PTX, ended by a zero byte, for a device that is newer than NVRTC.
    pub(crate) cubin: Vec<u8>,
    /// What NVRTC and its assembler said.
    pub(crate) log: String,
    /// What each kernel takes, in the order of the log. Of PTX nothing is known.
    pub(crate) resources: Vec<Resources>,
}

impl Binary {
    pub(crate) fn new(cubin: Vec<u8>, log: String) -> Self {
        let resources = Resources::parse(&log);
        Self { cubin, log, resources }
    }
}

/// All that a compilation depends on: the key of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Name of the model.
    pub(crate) name: String,
    /// The whole text: prelude and kernels.
    pub(crate) text: String,
    pub(crate) options: Vec<String>,
    /// Version of NVRTC.
    pub(crate) version: (u32, u32),
}

impl Request {
    /// A text for an architecture such as `sm_80` or `sm_90a`; one that NVRTC does not know becomes the newest
    /// `compute_…` that it does know.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no NVRTC, or if the device is too old for it.
    pub(crate) fn new(source: &Source, architecture: &str, extra: &[&str]) -> Result<Self> {
        let version = version()?;
        let mut options = vec![
            format!("--gpu-architecture={}", known(architecture, version)?),
            "--std=c++17".to_owned(),
            // Kernels say themselves where an approximate instruction is good enough.
            "--fmad=true".to_owned(),
            "--ptxas-options=-v".to_owned(),
        ];
        options.extend(extra.iter().map(|&option| option.to_owned()));
        // From here on the log counts the lines of the text itself, in a file of the model's name.
        let file = source.name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
        let text = format!("{PRELUDE}\n#line 1 \"{file}\"\n{}", source.text);
        Ok(Self { name: source.name.clone(), text, options, version })
    }

    /// Compiles it.
    ///
    /// # Errors
    /// [`Error::Device`] with the name of the model, NVRTC's log and the line that it complains about.
    pub(crate) fn compile(&self) -> Result<Binary> {
        let refused = |what: &str| Error::Device {
            asked: "cuda".to_owned(),
            found: format!("NVRTC refuses the kernels of `{}`: {what}", self.name),
            help: "this is a bug in flow-runtime".to_owned(),
        };
        let failed = |error: result::NvrtcError| refused(&describe(error));
        let text = CString::new(self.text.as_str()).map_err(|_| refused("there is a zero byte in the text"))?;
        if self.options.iter().any(|option| option.contains('\0')) {
            return Err(refused("there is a zero byte in an option"));
        }
        let program = Program(result::create_program(&text, Some(c"device.cuh")).map_err(failed)?);
        // SAFETY: the program is alive until it is dropped, and no option has a zero byte, at which this would panic.
        let compiled = unsafe { result::compile_program(program.0, &self.options) };
        // SAFETY: the program is alive.
        let log = text_of(&unsafe { result::get_program_log(program.0) }.map_err(failed)?);
        match compiled {
            Ok(()) => {}
            Err(result::NvrtcError(sys::nvrtcResult::NVRTC_ERROR_COMPILATION)) => {
                return Err(self.did_not_compile(&log));
            }
            Err(error) => return Err(refused(&format!("{}\n{}", describe(error), log.trim_end()))),
        }
        let cubin = program.cubin().map_err(failed)?;
        let cubin = if cubin.is_empty() { program.ptx().map_err(failed)? } else { cubin };
        // The same text gives the same binary.
        let log = log.split_inclusive('\n').filter(|line| !line.contains("Compile time =")).collect();
        Ok(Binary::new(cubin, log))
    }

    fn did_not_compile(&self, log: &str) -> Error {
        let (major, minor) = self.version;
        let mut found =
            format!("NVRTC {major}.{minor} does not compile the kernels of `{}`:\n{}", self.name, log.trim_end());
        // NVRTC shows the line in most messages, but not in those of its assembler or of a macro.
        if let Some((line, text)) = log::first_error(log, &self.name).and_then(|line| Some((line, self.line(line)?))) {
            found.push_str(&format!("\nline {line} of the text: {}", text.trim()));
        }
        Error::Device {
            asked: "cuda".to_owned(),
            found,
            help: "this is a bug in flow-runtime: report it with the model and this message; meanwhile use `cpu`"
                .to_owned(),
        }
    }

    /// A line of the kernels' text; the first is 1.
    fn line(&self, number: usize) -> Option<&str> {
        let (_, text) = self.text.get(PRELUDE.len()..)?.trim_start().split_once('\n')?;
        text.lines().nth(number.checked_sub(1)?)
    }
}

/// Compiles a text for an architecture, such as `sm_80` or `sm_90a`, without the cache. `extra` are more options.
///
/// # Errors
/// [`Error::Device`] if there is no NVRTC, if the device is too old for it, or if the text does not compile.
#[cfg(test)]
pub(crate) fn compile(source: &Source, architecture: &str, extra: &[&str]) -> Result<Binary> {
    Request::new(source, architecture, extra)?.compile()
}

/// The version of NVRTC.
///
/// # Errors
/// [`Error::Device`] if there is none, or one that is too old.
pub(crate) fn version() -> Result<(u32, u32)> {
    Library::Nvrtc.load().map(|loaded| loaded.version).map_err(|missing| missing.error("cuda"))
}

/// Architectures that NVRTC knows, such as 75 and 90; the oldest first.
fn architectures() -> Vec<u32> {
    let mut count = 0;
    // SAFETY: NVRTC was loaded, as its version was asked for before.
    if unsafe { sys::nvrtcGetNumSupportedArchs(&mut count) }.result().is_err() {
        return Vec::new();
    }
    let mut found = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: there is room for as many as were announced.
    if unsafe { sys::nvrtcGetSupportedArchs(found.as_mut_ptr()) }.result().is_err() {
        return Vec::new();
    }
    let mut found: Vec<_> = found.into_iter().filter_map(|number| u32::try_from(number).ok()).collect();
    found.sort_unstable();
    found
}

/// The architecture to compile for: `sm_90a` itself where NVRTC knows 90.
fn known(architecture: &str, version: (u32, u32)) -> Result<String> {
    let digits: String = architecture.chars().filter(char::is_ascii_digit).collect();
    let Ok(wanted) = digits.parse() else { return Ok(architecture.to_owned()) };
    choose(architecture, wanted, &architectures()).ok_or_else(|| Error::Device {
        asked: "cuda".to_owned(),
        found: format!(
            "NVRTC {}.{} does not compile for a device of compute capability {}.{}",
            version.0,
            version.1,
            wanted / 10,
            wanted % 10
        ),
        help: "use an older NVRTC (12.x for compute capability 5.0 to 7.2), or `cpu`".to_owned(),
    })
}

/// As [`known`], with the architectures that there are.
fn choose(architecture: &str, wanted: u32, known: &[u32]) -> Option<String> {
    if known.is_empty() || known.contains(&wanted) {
        return Some(architecture.to_owned());
    }
    // Its machine code is unknown yet, but PTX of an older architecture runs on every newer one.
    known.iter().rfind(|&&number| number < wanted).map(|number| format!("compute_{number}"))
}

/// The architecture whose machine code a device runs. What is special to Hopper has a letter.
pub(crate) fn architecture(capability: (u32, u32)) -> String {
    match capability {
        (9, 0) => "sm_90a".to_owned(),
        (major, minor) => format!("sm_{major}{minor}"),
    }
}

/// A program of NVRTC.
struct Program(sys::nvrtcProgram);

impl Program {
    /// Machine code; nothing if the architecture is virtual.
    fn cubin(&self) -> Result<Vec<u8>, result::NvrtcError> {
        let mut size = 0;
        // SAFETY: the program is alive, and there is room for as many bytes as were announced.
        unsafe {
            sys::nvrtcGetCUBINSize(self.0, &mut size).result()?;
            let mut cubin = vec![0u8; size];
            if size > 0 {
                sys::nvrtcGetCUBIN(self.0, cubin.as_mut_ptr().cast()).result()?;
            }
            Ok(cubin)
        }
    }

    /// PTX with its zero byte at the end.
    fn ptx(&self) -> Result<Vec<u8>, result::NvrtcError> {
        // SAFETY: the program is alive.
        let ptx = unsafe { result::get_ptx(self.0) }?;
        Ok(ptx.into_iter().map(|letter| letter as u8).collect())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: it was created, and is destroyed once.
        let _ = unsafe { sys::nvrtcDestroyProgram(ptr::from_mut(&mut self.0)) };
    }
}

fn text_of(letters: &[c_char]) -> String {
    let bytes: Vec<_> = letters.iter().map(|&letter| letter as u8).take_while(|&byte| byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn describe(error: result::NvrtcError) -> String {
    // SAFETY: NVRTC was loaded; the text is static.
    let text = unsafe {
        let text = sys::nvrtcGetErrorString(error.0);
        if text.is_null() { c"an unknown error" } else { CStr::from_ptr(text) }
    };
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
pub(crate) mod tests;
