//! Devices, and the context and stream on one of them.

use super::{
    super::{backend::Properties, library::Library},
    fault::{Fault, describe},
};
use crate::error::{Error, Result};
use cudarc::driver::sys::{self, CUdevice_attribute};
use std::{env, ffi::CStr, ptr};

/// What kernels are written for: products of 16-bit numbers on tensor cores.
const OLDEST: (u32, u32) = (8, 0);

/// The context of a device, and one stream in it.
pub(super) struct Context {
    /// As it was asked for: `cuda` or `cuda:1`.
    name: String,
    device: sys::CUdevice,
    context: sys::CUcontext,
    pub(super) stream: sys::CUstream,
    pub(super) properties: Properties,
}

// SAFETY: the driver's functions may be called from any thread, for handles of any; each caller enters the context first.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub(super) fn new(index: usize) -> Result<Self> {
        let name = device_name(index);
        let (device, properties) = find(index)?;
        let failed = |what: &str, result| Fault::new(what, result, "nothing yet").error(&name);
        let mut context = ptr::null_mut();
        // The primary context, which other users of CUDA in this process share.
        // SAFETY: the device exists.
        match unsafe { sys::cuDevicePrimaryCtxRetain(&mut context, device) } {
            sys::CUresult::CUDA_SUCCESS => {}
            result => return Err(failed("taking the GPU", result)),
        }
        let mut made = Self { name: name.clone(), device, context, stream: ptr::null_mut(), properties };
        made.enter()?;
        let flags = sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32;
        // SAFETY: the context is current.
        match unsafe { sys::cuStreamCreate(&mut made.stream, flags) } {
            sys::CUresult::CUDA_SUCCESS => Ok(made),
            result => Err(failed("making a stream", result)),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Makes it the context of this thread.
    pub(super) fn enter(&self) -> Result<()> {
        // SAFETY: the context is held until this is dropped.
        match unsafe { sys::cuCtxSetCurrent(self.context) } {
            sys::CUresult::CUDA_SUCCESS => Ok(()),
            result => Err(Fault::new("entering the GPU's context", result, "nothing").error(&self.name)),
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // An error here is one of a context that is lost already, with everything in it.
        if self.enter().is_ok() && !self.stream.is_null() {
            // SAFETY: the stream is this one's own, and nothing uses it any more.
            let _ = unsafe { sys::cuStreamDestroy_v2(self.stream) };
        }
        // SAFETY: it was retained once.
        let _ = unsafe { sys::cuDevicePrimaryCtxRelease_v2(self.device) };
    }
}

fn device_name(index: usize) -> String {
    if index == 0 { "cuda".to_owned() } else { format!("cuda:{index}") }
}

/// Whether a device is there and can be used; nothing is kept.
pub(crate) fn check_device(index: usize) -> Result<()> {
    find(index).map(|_| ())
}

fn find(index: usize) -> Result<(sys::CUdevice, Properties)> {
    let name = device_name(index);
    let count = count(&name)?;
    if index >= count {
        let plural = if count == 1 {
            "there is one GPU, `cuda`".to_owned()
        } else {
            format!("there are {count} GPUs, `cuda:0` to `cuda:{}`", count - 1)
        };
        return Err(Error::Device {
            asked: name,
            found: plural + &visible(),
            help: "use the index of one that is there".to_owned(),
        });
    }
    let (device, properties) = device(index)
        .map_err(|result| Fault::new("asking for the GPU's properties", result, "nothing").error(&name))?;
    let (major, minor) = properties.capability;
    if properties.capability < OLDEST {
        return Err(Error::Device {
            asked: name,
            found: format!(
                "{} has compute capability {major}.{minor}, {}.{} or newer is needed",
                properties.name, OLDEST.0, OLDEST.1
            ),
            help: "use a newer GPU (Ampere or later), or `cpu`".to_owned(),
        });
    }
    Ok((device, properties))
}

/// Every device, without regard to whether kernels run on it.
pub(crate) fn devices() -> Result<Vec<Properties>> {
    let properties = |index| device(index).map(|(_, properties)| properties);
    (0..count("cuda")?)
        .map(|index| {
            properties(index).map_err(|result| Fault::new("asking for properties", result, "nothing").error("cuda"))
        })
        .collect()
}

/// The number of devices, at least one.
fn count(asked: &str) -> Result<usize> {
    let loaded = Library::Driver.load().map_err(|missing| missing.error(asked))?;
    let mut count = 0;
    // SAFETY: the driver is loaded; `cuInit` may be called many times.
    let result = unsafe {
        match sys::cuInit(0) {
            sys::CUresult::CUDA_SUCCESS => sys::cuDeviceGetCount(&mut count),
            result => result,
        }
    };
    let (major, minor) = loaded.version;
    if result == sys::CUresult::CUDA_ERROR_NO_DEVICE || (result == sys::CUresult::CUDA_SUCCESS && count <= 0) {
        return Err(Error::Device {
            asked: asked.to_owned(),
            found: format!("the driver (CUDA {major}.{minor}) finds no GPU{}", visible()),
            help: "check `nvidia-smi` and `CUDA_VISIBLE_DEVICES`, or use `cpu`".to_owned(),
        });
    }
    if result != sys::CUresult::CUDA_SUCCESS {
        return Err(Fault::new(&format!("starting the driver (CUDA {major}.{minor})"), result, "nothing").error(asked));
    }
    Ok(usize::try_from(count).unwrap_or(0))
}

/// What `CUDA_VISIBLE_DEVICES` says, as the end of a message.
fn visible() -> String {
    let set = env::var("CUDA_VISIBLE_DEVICES");
    set.map(|devices| format!("; `CUDA_VISIBLE_DEVICES` is `{devices}`")).unwrap_or_default()
}

fn device(index: usize) -> Result<(sys::CUdevice, Properties), sys::CUresult> {
    use CUdevice_attribute::*;
    let ok = |result| if result == sys::CUresult::CUDA_SUCCESS { Ok(()) } else { Err(result) };
    let index = i32::try_from(index).map_err(|_| sys::CUresult::CUDA_ERROR_INVALID_DEVICE)?;
    let (mut device, mut memory) = (0, 0);
    let mut letters = [0; 256];
    // SAFETY: the driver is loaded and started; each call writes within what it is given.
    unsafe {
        ok(sys::cuDeviceGet(&mut device, index))?;
        ok(sys::cuDeviceTotalMem_v2(&mut memory, device))?;
        ok(sys::cuDeviceGetName(letters.as_mut_ptr(), letters.len() as i32 - 1, device))?;
    }
    let attribute = |attribute| {
        let mut value = 0;
        // SAFETY: the device exists; one number is written.
        ok(unsafe { sys::cuDeviceGetAttribute(&mut value, attribute, device) })?;
        u32::try_from(value).map_err(|_| sys::CUresult::CUDA_ERROR_INVALID_VALUE)
    };
    // SAFETY: the last letter was left zero.
    let name = unsafe { CStr::from_ptr(letters.as_ptr()) }.to_string_lossy().into_owned();
    let properties = Properties {
        name,
        capability: (
            attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ),
        multiprocessors: attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        shared_per_block: attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)? as usize,
        memory,
    };
    Ok((device, properties))
}

/// Free memory of a device in bytes; its context is made for the question.
pub(crate) fn free_memory(index: usize) -> Result<usize> {
    let context = Context::new(index)?;
    let (mut free, mut total) = (0, 0);
    // SAFETY: the context is current; both are written.
    match unsafe { sys::cuMemGetInfo_v2(&mut free, &mut total) } {
        sys::CUresult::CUDA_SUCCESS => Ok(free),
        result => Err(Error::Device {
            asked: context.name.clone(),
            found: describe(result),
            help: "check `nvidia-smi`".to_owned(),
        }),
    }
}
