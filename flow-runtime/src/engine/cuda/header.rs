//! A device that is the CPU: the kernels' text compiled by g++ with a header that gives every CUDA thread a fiber of its own.
//!
//! It is there to test the engine where there is no GPU: the same text, the same launches, the same use of memory. Memory
//! starts as `0xCD`, which no number survives unseen, and has guards at both ends.

mod compile;
mod memory;
mod multiply;

use super::{
    backend::{Argument, Backend, Graph, Kernel, Launch, Memory, Product, Properties},
    source::Source,
};
use crate::error::{Error, Result};
use memory::{Held, Store};
use std::{
    ffi::c_void,
    sync::{Arc, Mutex, PoisonError},
};

/// The fibers of a launch are the process's: one launch at a time.
static LAUNCH: Mutex<()> = Mutex::new(());

/// What the device is to look like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Zero runs threads in their order; other seeds let warps run ahead of each other.
    pub(crate) seed: u64,
    pub(crate) multiprocessors: u32,
    pub(crate) shared_per_block: usize,
    pub(crate) memory: usize,
    pub(crate) capability: (u32, u32),
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, multiprocessors: 4, shared_per_block: 227 << 10, memory: 1 << 30, capability: (9, 0) }
    }
}

/// The CPU as a device.
pub(crate) struct Header {
    properties: Properties,
    seed: u64,
    store: Arc<Mutex<Store>>,
    kernels: Vec<(String, compile::Entry)>,
    graphs: Vec<Option<Vec<Recorded>>>,
    /// What is recorded, while something is.
    recording: Option<Vec<Recorded>>,
}

/// Something that a graph starts.
#[derive(Clone)]
enum Recorded {
    Launch(Kernel, Launch, Vec<Argument>),
    Multiply(Product),
    Copy((Memory, usize), (Memory, usize), usize),
    Zero(Memory, usize, usize),
}

/// Why the header cannot be used here, if it cannot.
pub(crate) fn unavailable() -> Option<String> {
    compile::unavailable()
}

impl Header {
    /// A device as the settings say.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no g++.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        if let Some(reason) = unavailable() {
            return Err(failed(&reason, "install g++ on an x86-64 machine"));
        }
        Ok(Self {
            properties: Properties {
                name: "the CPU header".to_owned(),
                capability: settings.capability,
                multiprocessors: settings.multiprocessors,
                shared_per_block: settings.shared_per_block,
                memory: settings.memory,
            },
            seed: settings.seed,
            store: Arc::new(Mutex::new(Store::new(settings.memory))),
            kernels: Vec::new(),
            graphs: Vec::new(),
            recording: None,
        })
    }

    fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what a graph cannot hold.
    fn outside(&self, what: &str) -> Result<()> {
        match self.recording {
            None => Ok(()),
            Some(_) => Err(failed(&format!("{what} while a graph is recorded"), "do it before or after")),
        }
    }

    fn range(memory: &Memory, offset: usize, bytes: usize) -> Result<*mut u8> {
        if offset.checked_add(bytes).is_none_or(|end| end > memory.bytes) {
            let found = format!("{bytes} bytes at {offset} of memory of {}", memory.bytes);
            return Err(failed(&found, "this is a bug in flow-runtime: please report it"));
        }
        Ok((memory.address as usize + offset) as *mut u8)
    }
}

impl Backend for Header {
    fn properties(&self) -> &Properties {
        &self.properties
    }

    fn free(&mut self) -> Result<usize> {
        Ok(self.store().free())
    }

    fn allocate(&mut self, bytes: usize, what: &str) -> Result<Memory> {
        self.outside("memory asked for")?;
        let free = self.store().free();
        if bytes > free {
            let found = format!("{free} bytes of free memory, and {bytes} asked for, for {what}");
            return Err(failed(&found, "ask for fewer rows at a time"));
        }
        let held = Held::new(bytes, what, Arc::clone(&self.store));
        Ok(Memory { address: held.address(), bytes, owner: Arc::new(held) })
    }

    fn upload(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()> {
        self.outside("an upload")?;
        let to = Self::range(to, offset, bytes.len())?;
        // SAFETY: the range is within memory that its owner keeps.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    fn download(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.outside("a download")?;
        self.store().check()?;
        let from = Self::range(from, offset, bytes.len())?;
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    fn copy(&mut self, from: (&Memory, usize), to: (&Memory, usize), bytes: usize) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            recording.push(Recorded::Copy((from.0.clone(), from.1), (to.0.clone(), to.1), bytes));
            return Ok(());
        }
        let (from, to) = (Self::range(from.0, from.1, bytes)?, Self::range(to.0, to.1, bytes)?);
        // SAFETY: as above.
        unsafe { std::ptr::copy(from, to, bytes) };
        Ok(())
    }

    fn zero(&mut self, to: &Memory, offset: usize, bytes: usize) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            recording.push(Recorded::Zero(to.clone(), offset, bytes));
            return Ok(());
        }
        let to = Self::range(to, offset, bytes)?;
        // SAFETY: as above.
        unsafe { std::ptr::write_bytes(to, 0, bytes) };
        Ok(())
    }

    fn load(&mut self, source: &Source) -> Result<Vec<Kernel>> {
        self.outside("a text loaded")?;
        let entries = compile::compile(source)?;
        let first = self.kernels.len();
        self.kernels.extend(source.kernels.iter().cloned().zip(entries));
        Ok((first..self.kernels.len()).map(Kernel).collect())
    }

    fn launch(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            recording.push(Recorded::Launch(kernel, launch, arguments.to_vec()));
            return Ok(());
        }
        let Some((name, entry)) = self.kernels.get(kernel.0) else {
            return Err(failed("a kernel of another device", "load its text on this one"));
        };
        if launch.shared > self.properties.shared_per_block || launch.threads > 1024 || launch.threads == 0 {
            let found = format!("{name} with {} threads and {} bytes of shared memory", launch.threads, launch.shared);
            return Err(failed(&found, "ask for less"));
        }
        if launch.cooperative && launch.blocks > self.properties.multiprocessors {
            let found = format!("{name} with {} blocks that wait for each other", launch.blocks);
            return Err(failed(&found, "start as many as there are multiprocessors"));
        }
        let mut words: Vec<u64> = arguments.iter().map(word).collect();
        let mut pointers: Vec<*mut c_void> =
            words.iter_mut().map(|word| std::ptr::from_mut(word).cast::<c_void>()).collect();
        let _one = LAUNCH.lock().unwrap_or_else(PoisonError::into_inner);
        let cooperative = i32::from(launch.cooperative);
        // SAFETY: the entry was compiled for this signature; the arguments are as the kernel declares them.
        let result = unsafe {
            entry.call(launch.blocks, launch.threads, launch.shared, cooperative, self.seed, pointers.as_mut_ptr())
        };
        match result {
            0 => Ok(()),
            1 => Err(failed(&format!("threads of {name} that wait at different barriers"), "mend the kernel")),
            _ => Err(failed(&format!("shared memory that {name} wrote past its end"), "mend the kernel")),
        }
    }

    fn multiply(&mut self, product: &Product) -> Result<()> {
        if let Some(recording) = &mut self.recording {
            recording.push(Recorded::Multiply(*product));
            return Ok(());
        }
        multiply::multiply(product);
        Ok(())
    }

    fn capture(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph> {
        self.outside("a graph recorded")?;
        self.recording = Some(Vec::new());
        let result = work(self);
        let recorded = self.recording.take();
        result?;
        self.graphs.push(recorded);
        Ok(Graph(self.graphs.len() - 1))
    }

    fn replay(&mut self, graph: Graph) -> Result<()> {
        self.outside("a graph started")?;
        let Some(Some(recorded)) = self.graphs.get(graph.0).cloned() else {
            return Err(failed("a graph that is not there", "record it first"));
        };
        for item in &recorded {
            match item {
                Recorded::Launch(kernel, launch, arguments) => self.launch(*kernel, *launch, arguments)?,
                Recorded::Multiply(product) => self.multiply(product)?,
                Recorded::Copy(from, to, bytes) => self.copy((&from.0, from.1), (&to.0, to.1), *bytes)?,
                Recorded::Zero(to, offset, bytes) => self.zero(to, *offset, *bytes)?,
            }
        }
        Ok(())
    }

    fn forget(&mut self, graph: Graph) {
        if let Some(slot) = self.graphs.get_mut(graph.0) {
            *slot = None;
        }
    }

    fn synchronize(&mut self) -> Result<()> {
        self.store().check()
    }
}

/// The argument in the first bytes of a word.
fn word(argument: &Argument) -> u64 {
    match *argument {
        Argument::Address(address) => address,
        Argument::Long(value) => value,
        Argument::Int(value) => u64::from(value as u32),
        Argument::Float(value) => u64::from(value.to_bits()),
    }
}

fn failed(found: &str, help: &str) -> Error {
    Error::Device { asked: "the CPU header".to_owned(), found: found.to_owned(), help: help.to_owned() }
}
