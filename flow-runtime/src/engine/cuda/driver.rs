//! The GPU itself, through NVIDIA's driver.

mod context;
mod fault;
mod graph;
mod launch;
mod memory;
mod product;
mod signature;

use super::{
    backend::{Argument, Backend, Graph, Kernel, Launch, Memory, Product, Properties},
    cache::Cache,
    source::Source,
};
use crate::error::Result;
use context::Context;
use cudarc::driver::sys;
use fault::Fault;
use std::{collections::HashMap, sync::Arc};

pub(crate) use context::{check_device, devices, free_memory};

/// One device, with one stream: everything is done in the order in which it was asked for.
///
/// An error that CUDA calls sticky (a kernel that wrote where nothing is) leaves the device's context without use for the rest
/// of the process. From then on everything returns that error; what is in the host's memory is untouched.
pub(crate) struct Driver {
    // In the order in which they are dropped: the context, which each of them keeps alive, goes last.
    products: Option<product::Products>,
    graphs: Vec<Option<graph::Recorded>>,
    kernels: Vec<launch::Loaded>,
    modules: Vec<launch::Module>,
    staging: memory::Staging,
    texts: HashMap<Source, Vec<Kernel>>,
    cache: Cache,
    capturing: bool,
    /// What was started last: an error that is found later is most likely its.
    last: String,
    poison: Option<Fault>,
    context: Arc<Context>,
}

impl Driver {
    /// The device of that index.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if there is no driver or no such device, if either is too old, or if the device
    /// cannot be had.
    pub(crate) fn new(index: usize) -> Result<Self> {
        let context = Arc::new(Context::new(index)?);
        Ok(Self {
            products: None,
            graphs: Vec::new(),
            kernels: Vec::new(),
            modules: Vec::new(),
            staging: memory::Staging::new(&context),
            texts: HashMap::new(),
            cache: Cache::new(),
            capturing: false,
            last: "nothing yet".to_owned(),
            poison: None,
            context,
        })
    }

    /// Before each operation: the context is this thread's, and is of use.
    fn enter(&self) -> Result<()> {
        match &self.poison {
            Some(fault) => Err(fault.error(self.context.name())),
            None => self.context.enter(),
        }
    }

    /// As [`enter`](Self::enter), for what cannot be recorded.
    fn enter_outside_of_a_capture(&self, what: &str) -> Result<()> {
        if self.capturing {
            return Err(self.bug(format!("{what} inside a capture")));
        }
        self.enter()
    }

    /// What the driver answered to `what`, as an error; a sticky one is kept.
    fn check(&mut self, what: &str, result: sys::CUresult) -> Result<()> {
        if result == sys::CUresult::CUDA_SUCCESS {
            return Ok(());
        }
        let fault = Fault::new(what, result, &self.last);
        let error = fault.error(self.context.name());
        if fault.sticky {
            self.poison = Some(fault);
        }
        Err(error)
    }

    fn bug(&self, what: String) -> crate::Error {
        fault::bug(self.context.name(), what)
    }
}

impl Backend for Driver {
    fn properties(&self) -> &Properties {
        &self.context.properties
    }

    fn free(&mut self) -> Result<usize> {
        self.enter()?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: the context is current; both are written.
        let result = unsafe { sys::cuMemGetInfo_v2(&mut free, &mut total) };
        self.check("asking for the free memory", result)?;
        Ok(free)
    }

    fn allocate(&mut self, bytes: usize, what: &str) -> Result<Memory> {
        self.enter_outside_of_a_capture("an allocation")?;
        self.allocate_now(bytes, what)
    }

    fn upload(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()> {
        self.enter_outside_of_a_capture("an upload")?;
        self.upload_now(to, offset, bytes)
    }

    fn download(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.enter_outside_of_a_capture("a download")?;
        self.download_now(from, offset, bytes)
    }

    fn copy(&mut self, from: (&Memory, usize), to: (&Memory, usize), bytes: usize) -> Result<()> {
        self.enter()?;
        let from = self.place(from.0, from.1, bytes)?;
        let to = self.place(to.0, to.1, bytes)?;
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: both places are within memory that is alive.
        let result = unsafe { sys::cuMemcpyDtoDAsync_v2(to, from, bytes, self.context.stream) };
        self.check("copying on the device", result)
    }

    fn zero(&mut self, to: &Memory, offset: usize, bytes: usize) -> Result<()> {
        self.enter()?;
        let to = self.place(to, offset, bytes)?;
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: the place is within memory that is alive.
        let result = unsafe { sys::cuMemsetD8Async(to, 0, bytes, self.context.stream) };
        self.check("clearing memory", result)
    }

    fn load(&mut self, source: &Source) -> Result<Vec<Kernel>> {
        if let Some(kernels) = self.texts.get(source) {
            return Ok(kernels.clone());
        }
        self.enter()?;
        let kernels = self.load_now(source)?;
        self.texts.insert(source.clone(), kernels.clone());
        Ok(kernels)
    }

    fn launch(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        self.enter()?;
        self.launch_now(kernel, launch, arguments)
    }

    fn multiplies(&self) -> bool {
        super::library::Library::CublasLt.load().is_ok()
    }

    fn multiply(&mut self, product: &Product) -> Result<()> {
        self.enter()?;
        self.multiply_now(product)
    }

    fn capture(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph> {
        self.enter_outside_of_a_capture("a capture")?;
        self.capture_now(work)
    }

    fn replay(&mut self, graph: Graph) -> Result<()> {
        self.enter_outside_of_a_capture("a graph")?;
        self.replay_now(graph)
    }

    fn forget(&mut self, graph: Graph) {
        if let Some(recorded) = self.graphs.get_mut(graph.0) {
            *recorded = None;
        }
    }

    fn synchronize(&mut self) -> Result<()> {
        self.enter_outside_of_a_capture("waiting")?;
        // SAFETY: the stream is alive.
        let result = unsafe { sys::cuStreamSynchronize(self.context.stream) };
        self.check("waiting for the device", result)
    }
}

#[cfg(test)]
mod tests;
