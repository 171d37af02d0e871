//! Loading kernels and starting them.

use super::{
    super::{
        backend::{Argument, Kernel, Launch},
        nvrtc::{self, Request},
        source::Source,
    },
    Driver,
    context::Context,
    signature::{Parameter, parameters},
};
use crate::error::{Error, Result};
use cudarc::driver::sys::{self, CUfunction_attribute as Attribute};
use std::{collections::HashMap, ffi::CString, ptr, sync::Arc};

/// Dynamic shared memory that a kernel has without asking for more.
const SHARED: usize = 48 << 10;
/// A cluster of more blocks has to be allowed.
const PORTABLE_CLUSTER: i32 = 8;

/// A loaded binary.
pub(super) struct Module {
    module: sys::CUmodule,
    context: Arc<Context>,
}

// SAFETY: the driver takes handles from any thread.
unsafe impl Send for Module {}

impl Drop for Module {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it was loaded, and is unloaded once; its kernels are dropped before.
            let _ = unsafe { sys::cuModuleUnload(self.module) };
        }
    }
}

/// A kernel that can be started.
pub(super) struct Loaded {
    name: String,
    function: sys::CUfunction,
    parameters: Option<Vec<Parameter>>,
    /// Blocks of the cluster that the text declares, or 0.
    cluster: u32,
    /// Dynamic shared memory that is allowed.
    shared: usize,
    /// Blocks that are resident at once, by threads and shared memory.
    resident: HashMap<(u32, usize), u32>,
}

// SAFETY: the driver takes handles from any thread.
unsafe impl Send for Loaded {}

impl Driver {
    pub(super) fn load_now(&mut self, source: &Source) -> Result<Vec<Kernel>> {
        let architecture = nvrtc::architecture(self.context.properties.capability);
        let binary = self.cache.compile(&Request::new(source, &architecture, &[])?)?;
        let mut module = ptr::null_mut();
        // SAFETY: the context is current. The image is machine code with its length in its head, or PTX that ends with zero.
        let result = unsafe { sys::cuModuleLoadData(&mut module, binary.cubin.as_ptr().cast()) };
        self.check(&format!("loading the kernels of `{}`", source.name), result)?;
        self.modules.push(Module { module, context: Arc::clone(&self.context) });
        let first = self.kernels.len();
        for name in &source.kernels {
            let loaded = self.function(module, source, name)?;
            self.kernels.push(loaded);
        }
        Ok((first..self.kernels.len()).map(Kernel).collect())
    }

    fn function(&mut self, module: sys::CUmodule, source: &Source, name: &str) -> Result<Loaded> {
        let letters = CString::new(name).map_err(|_| self.bug(format!("`{name}` is no name of a kernel")))?;
        let mut function = ptr::null_mut();
        // SAFETY: the module is loaded; the name ends with zero.
        let result = unsafe { sys::cuModuleGetFunction(&mut function, module, letters.as_ptr()) };
        self.check(&format!("finding the kernel `{name}` of `{}`", source.name), result)?;
        let mut cluster = 0;
        // A driver that knows of no clusters says that this attribute is invalid: then there is none.
        // SAFETY: the function is loaded; one number is written.
        unsafe {
            let attribute = Attribute::CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH;
            if sys::cuFuncGetAttribute(&mut cluster, attribute, function) != sys::CUresult::CUDA_SUCCESS {
                cluster = 0;
            }
        }
        if cluster > PORTABLE_CLUSTER {
            let attribute = Attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
            // SAFETY: the function is loaded.
            let result = unsafe { sys::cuFuncSetAttribute(function, attribute, 1) };
            self.check(&format!("allowing `{name}` a cluster of {cluster} blocks"), result)?;
        }
        Ok(Loaded {
            name: name.to_owned(),
            function,
            parameters: parameters(&source.text, name),
            cluster: u32::try_from(cluster).unwrap_or(0),
            shared: SHARED,
            resident: HashMap::new(),
        })
    }

    pub(super) fn launch_now(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        let Launch { blocks, threads, shared, cooperative } = launch;
        let Some(loaded) = self.kernels.get(kernel.0) else {
            return Err(self.bug(format!("there is no kernel {}", kernel.0)));
        };
        let (name, function, cluster) = (loaded.name.clone(), loaded.function, loaded.cluster);
        let given: Vec<_> = arguments.iter().map(Parameter::of).collect();
        if let Some(parameters) = loaded.parameters.as_ref().filter(|parameters| **parameters != given) {
            return Err(self.bug(format!("`{name}` takes {parameters:?}, and is given {given:?}")));
        }
        let most = self.context.properties.shared_per_block;
        if shared > most {
            return Err(Error::Device {
                asked: self.context.name().to_owned(),
                found: format!("`{name}` needs {shared} bytes of shared memory, a block has {most}"),
                help: "use a narrower model, or a GPU with more shared memory".to_owned(),
            });
        }
        if shared > loaded.shared {
            let attribute = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            // SAFETY: the function is loaded. A block's shared memory is far below 2 GiB.
            let result = unsafe { sys::cuFuncSetAttribute(function, attribute, shared as i32) };
            self.check(&format!("giving `{name}` {shared} bytes of shared memory"), result)?;
            self.kernels[kernel.0].shared = shared;
        }
        // Blocks of one cluster are resident together in any case.
        let cooperative = cooperative && cluster != blocks;
        if cooperative {
            let resident = self.resident(kernel, threads, shared)?;
            if blocks > resident {
                return Err(self.bug(format!(
                    "`{name}` waits for all of its {blocks} blocks of {threads} threads with {shared} bytes of shared memory, \
                     of which {resident} are resident at once"
                )));
            }
        }

        let mut values: Vec<u64> = arguments.iter().map(value).collect();
        let mut pointers: Vec<_> = values.iter_mut().map(|value| ptr::from_mut(value).cast()).collect();
        let stream = self.context.stream;
        // SAFETY: the function is loaded, and was given as many arguments as it has parameters, each of the parameter's type;
        // the driver copies them. What a kernel does with its addresses is the engine's to answer for.
        let result = unsafe {
            if cooperative {
                sys::cuLaunchCooperativeKernel(
                    function,
                    blocks,
                    1,
                    1,
                    threads,
                    1,
                    1,
                    shared as u32,
                    stream,
                    pointers.as_mut_ptr(),
                )
            } else {
                sys::cuLaunchKernel(
                    function,
                    blocks,
                    1,
                    1,
                    threads,
                    1,
                    1,
                    shared as u32,
                    stream,
                    pointers.as_mut_ptr(),
                    ptr::null_mut(),
                )
            }
        };
        // An error that comes back here may be of what was started before: the name changes only after.
        self.check(&format!("starting `{name}` with {blocks} blocks of {threads} threads"), result)?;
        self.last = format!("`{name}` with {blocks} blocks of {threads} threads");
        Ok(())
    }

    /// Blocks of a kernel that are resident at once on the whole device.
    fn resident(&mut self, kernel: Kernel, threads: u32, shared: usize) -> Result<u32> {
        let loaded = &self.kernels[kernel.0];
        if let Some(&blocks) = loaded.resident.get(&(threads, shared)) {
            return Ok(blocks);
        }
        let what = format!("asking how many blocks of `{}` are resident", loaded.name);
        let mut blocks = 0;
        // SAFETY: the function is loaded; one number is written.
        let result = unsafe {
            sys::cuOccupancyMaxActiveBlocksPerMultiprocessor(&mut blocks, loaded.function, threads as i32, shared)
        };
        self.check(&what, result)?;
        let blocks = u32::try_from(blocks).unwrap_or(0) * self.context.properties.multiprocessors;
        self.kernels[kernel.0].resident.insert((threads, shared), blocks);
        Ok(blocks)
    }
}

/// An argument's bytes, at the lowest addresses of eight.
fn value(argument: &Argument) -> u64 {
    let four = |bytes: [u8; 4]| {
        let mut value = [0; 8];
        value[..4].copy_from_slice(&bytes);
        u64::from_ne_bytes(value)
    };
    match *argument {
        Argument::Address(value) | Argument::Long(value) => value,
        Argument::Int(value) => four(value.to_ne_bytes()),
        Argument::Float(value) => four(value.to_ne_bytes()),
    }
}
