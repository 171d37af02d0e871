//! Products of matrices by cuBLASLt.
//!
//! cuBLASLt counts down columns, and what lies in memory by rows is to it the transpose. So `out = op(a) op(b)` is asked for as
//! `outᵀ = op(b)ᵀ op(a)ᵀ`, with the operands the other way round and nothing moved.

mod plan;

use super::{
    super::{
        backend::{Backend, Memory, Product},
        library::Library,
    },
    Driver,
    context::Context,
};
use crate::error::{Error, Result};
use cudarc::{
    cublaslt::sys as lt,
    driver::sys::{self, CUresult},
};
use plan::{Key, Plan};
use std::{collections::HashMap, ptr, rc::Rc, sync::Arc};

/// What an algorithm may use beside its operands.
const WORKSPACE: usize = 32 << 20;
/// Products of each algorithm that are timed together, so that the time is not that of starting one.
const ROUNDS: usize = 4;

/// cuBLASLt, and the algorithms that were chosen.
pub(super) struct Products {
    plans: HashMap<Key, Rc<Plan>>,
    handle: lt::cublasLtHandle_t,
    workspace: Memory,
    context: Arc<Context>,
}

// SAFETY: the library takes its handles from any thread, one at a time; no plan is owned by anything else between calls.
unsafe impl Send for Products {}

impl Drop for Products {
    fn drop(&mut self) {
        self.plans.clear();
        if self.context.enter().is_ok() {
            // SAFETY: it was created, and is destroyed once.
            let _ = unsafe { lt::cublasLtDestroy(self.handle) };
        }
    }
}

impl Driver {
    pub(super) fn multiply_now(&mut self, product: &Product) -> Result<()> {
        let key = Key::new(product).map_err(|what| self.bug(what))?;
        if key.is_empty() {
            return Ok(());
        }
        let (handle, workspace) = self.products()?;
        let known = self.products.as_ref().and_then(|products| products.plans.get(&key)).cloned();
        let plan = match known {
            Some(plan) => plan,
            None => {
                let mut plan = Plan::new(handle, &key, WORKSPACE).map_err(|what| self.refused(product, &what))?;
                // While a sequence is recorded nothing can be timed: cuBLASLt's first choice is kept.
                if !self.capturing && !key.repeatable {
                    self.choose(handle, workspace, &mut plan, product)?;
                }
                let plan = Rc::new(plan);
                if let Some(products) = &mut self.products {
                    products.plans.insert(key, Rc::clone(&plan));
                }
                plan
            }
        };
        self.start(handle, workspace, &plan, 0, product)?;
        self.last = describe(product);
        Ok(())
    }

    /// cuBLASLt's handle and the address of the workspace, made when they are first asked for.
    fn products(&mut self) -> Result<(lt::cublasLtHandle_t, u64)> {
        if let Some(products) = &self.products {
            return Ok((products.handle, products.workspace.address));
        }
        Library::CublasLt.load().map_err(|missing| missing.error(self.context.name()))?;
        let workspace = self.allocate_now(WORKSPACE, "the workspace of cuBLASLt")?;
        let mut handle = ptr::null_mut();
        // SAFETY: the library is loaded and the context current; one handle is written.
        let status = unsafe { lt::cublasLtCreate(&mut handle) };
        if status != lt::cublasStatus_t::CUBLAS_STATUS_SUCCESS {
            return Err(Error::Device {
                asked: self.context.name().to_owned(),
                found: format!("cuBLASLt does not start: {status:?}"),
                help: "check that cuBLASLt is not newer than the driver, and that there is free memory on the GPU"
                    .to_owned(),
            });
        }
        let address = workspace.address;
        self.products = Some(Products { plans: HashMap::new(), handle, workspace, context: Arc::clone(&self.context) });
        Ok((handle, address))
    }

    fn start(
        &mut self,
        handle: lt::cublasLtHandle_t,
        workspace: u64,
        plan: &Plan,
        candidate: usize,
        product: &Product,
    ) -> Result<()> {
        let stream = self.context.stream;
        plan.start(handle, candidate, product, workspace, stream).map_err(|status| {
            // cuBLASLt hides what CUDA said; if the context is lost, the next call says so.
            self.refused(product, &format!("{status:?}"))
        })
    }

    fn refused(&self, product: &Product, what: &str) -> Error {
        Error::Device {
            asked: self.context.name().to_owned(),
            found: format!("cuBLASLt does not take {}: {what}; started last: {}", describe(product), self.last),
            help: "report it with this message, or use `cpu`".to_owned(),
        }
    }

    /// Puts the fastest of the candidates first.
    fn choose(
        &mut self,
        handle: lt::cublasLtHandle_t,
        workspace: u64,
        plan: &mut Plan,
        product: &Product,
    ) -> Result<()> {
        if plan.candidates() < 2 {
            return Ok(());
        }
        // An output that is added to is not to be added to while it is timed; where there is no room for another one, the first
        // candidate is as good as cuBLASLt knows. The other has the same alignment, of which the algorithm was chosen.
        let mut timed = *product;
        let elsewhere = if product.beta == 0.0 {
            None
        } else {
            let bytes = 4 * product.out.rows * product.out.stride + 256;
            match self.allocate_now(bytes, "timing a product") {
                Ok(memory) => {
                    self.zero(&memory, 0, bytes)?;
                    timed.out.address = memory.address + product.out.address % 256;
                    Some(memory)
                }
                Err(error) if self.poison.is_some() => return Err(error),
                Err(_) => return Ok(()),
            }
        };
        let mut best = (f32::INFINITY, 0);
        for candidate in 0..plan.candidates() {
            // A candidate that fails is no choice. The first product loads its kernel.
            if plan.start(handle, candidate, &timed, workspace, self.context.stream).is_err() {
                continue;
            }
            let time = self.time(|driver| {
                (0..ROUNDS).all(|_| plan.start(handle, candidate, &timed, workspace, driver.context.stream).is_ok())
            })?;
            if let Some(time) = time.filter(|time| *time < best.0) {
                best = (time, candidate);
            }
        }
        drop(elsewhere);
        plan.put_first(best.1);
        Ok(())
    }

    /// Milliseconds that `work` takes on the device; nothing if it fails.
    fn time(&mut self, mut work: impl FnMut(&mut Self) -> bool) -> Result<Option<f32>> {
        let (mut start, mut end) = (Event::new(), Event::new());
        let stream = self.context.stream;
        let done = match (&mut start, &mut end) {
            (Ok(start), Ok(end)) => {
                start.record(stream);
                let done = work(self);
                end.record(stream);
                done.then(|| end.since(start))
            }
            (Err(result), _) | (_, Err(result)) => {
                let result = *result;
                return self.check("making an event", result).map(|()| None);
            }
        };
        match done {
            Some(Err(result)) => self.check("timing a product", result).map(|()| None),
            Some(Ok(time)) => Ok(Some(time)),
            None => Ok(None),
        }
    }
}

fn describe(product: &Product) -> String {
    let Product { number, a, a_transposed, b, b_transposed, out, .. } = product;
    let t = |transposed: &bool| if *transposed { "ᵀ" } else { "" };
    format!(
        "a product of {number:?}: [{}, {}]{} [{}, {}]{} into [{}, {}]",
        a.rows,
        a.columns,
        t(a_transposed),
        b.rows,
        b.columns,
        t(b_transposed),
        out.rows,
        out.columns
    )
}

/// A moment on the device.
struct Event(sys::CUevent);

impl Event {
    fn new() -> Result<Self, CUresult> {
        let mut event = ptr::null_mut();
        // SAFETY: the context is current; one handle is written.
        match unsafe { sys::cuEventCreate(&mut event, 0) } {
            CUresult::CUDA_SUCCESS => Ok(Self(event)),
            result => Err(result),
        }
    }

    fn record(&mut self, stream: sys::CUstream) {
        // SAFETY: both are alive. A failure shows when the event is asked for.
        let _ = unsafe { sys::cuEventRecord(self.0, stream) };
    }

    /// Milliseconds from another moment to this one, which is waited for.
    fn since(&self, start: &Self) -> Result<f32, CUresult> {
        // cudarc's bindings of CUDA 13 have only a second version of this function, which older drivers do not have.
        type ElapsedTime = unsafe extern "C" fn(*mut f32, sys::CUevent, sys::CUevent) -> CUresult;
        let Some(address) = Library::Driver.address("cuEventElapsedTime") else {
            return Err(CUresult::CUDA_ERROR_NOT_FOUND);
        };
        let mut time = 0.0;
        // SAFETY: the function has this type in every version of the driver; the events are alive.
        let result = unsafe {
            let elapsed = std::mem::transmute::<usize, ElapsedTime>(address);
            match sys::cuEventSynchronize(self.0) {
                CUresult::CUDA_SUCCESS => elapsed(&mut time, start.0, self.0),
                result => result,
            }
        };
        if result == CUresult::CUDA_SUCCESS { Ok(time) } else { Err(result) }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it was created, and is destroyed once.
        let _ = unsafe { sys::cuEventDestroy_v2(self.0) };
    }
}
