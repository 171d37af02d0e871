//! What the driver's errors mean, and what to do.

use crate::error::Error;
use cudarc::driver::sys::{self, CUresult};
use std::{ffi::CStr, ptr};

/// An error of the driver.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    found: String,
    help: String,
    /// The context is of no use any more.
    pub(super) sticky: bool,
}

impl Fault {
    /// What came of `what`, when `last` was what had been started last.
    pub(super) fn new(what: &str, result: CUresult, last: &str) -> Self {
        let sticky = is_sticky(result);
        let mut found = format!("{what} failed: {}", describe(result));
        if sticky {
            found.push_str(&format!("; started last: {last}"));
        }
        let help = match help(result) {
            Some(help) => help.to_owned(),
            None if sticky => "the GPU is of no use to this process any more: start it anew; checkpoints and what is in the \
                               host's memory are intact. If it happens again, run with `compute-sanitizer` and report it, \
                               or use `cpu`"
                .to_owned(),
            None => "report it with this message, or use `cpu`".to_owned(),
        };
        Self { found, help, sticky }
    }

    pub(super) fn error(&self, asked: &str) -> Error {
        Error::Device { asked: asked.to_owned(), found: self.found.clone(), help: self.help.clone() }
    }
}

/// A call that no engine should have made.
pub(super) fn bug(asked: &str, what: String) -> Error {
    Error::Device { asked: asked.to_owned(), found: what, help: "this is a bug in flow-runtime".to_owned() }
}

/// Errors after which every call to the context fails.
fn is_sticky(result: CUresult) -> bool {
    use CUresult::*;
    matches!(
        result,
        CUDA_ERROR_ECC_UNCORRECTABLE
            | CUDA_ERROR_ILLEGAL_ADDRESS
            | CUDA_ERROR_LAUNCH_TIMEOUT
            | CUDA_ERROR_CONTEXT_IS_DESTROYED
            | CUDA_ERROR_ASSERT
            | CUDA_ERROR_HARDWARE_STACK_ERROR
            | CUDA_ERROR_ILLEGAL_INSTRUCTION
            | CUDA_ERROR_MISALIGNED_ADDRESS
            | CUDA_ERROR_INVALID_ADDRESS_SPACE
            | CUDA_ERROR_INVALID_PC
            | CUDA_ERROR_LAUNCH_FAILED
            | CUDA_ERROR_DEINITIALIZED
    )
}

fn help(result: CUresult) -> Option<&'static str> {
    use CUresult::*;
    Some(match result {
        CUDA_ERROR_NO_DEVICE => "check `nvidia-smi` and `CUDA_VISIBLE_DEVICES`, or use `cpu`",
        CUDA_ERROR_DEVICE_UNAVAILABLE => {
            "another process has the GPU for itself (`nvidia-smi` shows which): wait for it, have the compute mode set to \
             `Default`, or use another GPU"
        }
        CUDA_ERROR_NOT_PERMITTED | CUDA_ERROR_OPERATING_SYSTEM => {
            "check that you may read and write /dev/nvidia*; in a container, that the GPU was passed to it"
        }
        CUDA_ERROR_SYSTEM_DRIVER_MISMATCH => {
            "the driver's library and the kernel's module are of different versions: restart the machine after an update"
        }
        CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE => {
            "this GPU does not take CUDA's compatibility package: use the driver's own library"
        }
        CUDA_ERROR_SYSTEM_NOT_READY => "the machine is still starting its GPUs (nvidia-fabricmanager): try again",
        CUDA_ERROR_NO_BINARY_FOR_GPU | CUDA_ERROR_INVALID_IMAGE | CUDA_ERROR_UNSUPPORTED_PTX_VERSION => {
            "NVRTC is newer than the driver: update the driver, or install NVRTC of the driver's major version"
        }
        CUDA_ERROR_LAUNCH_TIMEOUT => {
            "a display's watchdog stopped the kernel: use a GPU without a display. This process cannot use this one any more"
        }
        CUDA_ERROR_ECC_UNCORRECTABLE => "the GPU's memory is defective: look at `nvidia-smi -q -d ECC`, and start anew",
        CUDA_ERROR_OUT_OF_MEMORY => "use a smaller batch, or end other processes on this GPU",
        _ => return None,
    })
}

/// The driver's name and words for a result.
pub(super) fn describe(result: CUresult) -> String {
    let (mut name, mut words) = (ptr::null(), ptr::null());
    let text = |text: *const std::ffi::c_char| {
        // SAFETY: texts are static, or null for a number that the driver does not know.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    };
    // SAFETY: the library is loaded, or there would be no result; both write one pointer.
    unsafe {
        let _ = sys::cuGetErrorName(result, &mut name);
        let _ = sys::cuGetErrorString(result, &mut words);
    }
    match (text(name), text(words)) {
        (Some(name), Some(words)) => format!("{name} ({}), {words}", result as u32),
        _ => format!("{result:?} ({})", result as u32),
    }
}
