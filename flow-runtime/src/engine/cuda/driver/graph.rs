//! Recording what is started, to start it again at the cost of one launch.

use super::{
    super::backend::{Backend, Graph},
    Driver,
    context::Context,
};
use crate::error::Result;
use cudarc::driver::sys;
use std::{ptr, sync::Arc};

/// A recorded sequence.
pub(super) struct Recorded {
    graph: sys::CUgraphExec,
    /// What an error is put down to.
    what: String,
    context: Arc<Context>,
}

// SAFETY: the driver takes handles from any thread.
unsafe impl Send for Recorded {}

impl Drop for Recorded {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it was made, and is destroyed once; the driver waits for a replay that runs.
            let _ = unsafe { sys::cuGraphExecDestroy(self.graph) };
        }
    }
}

impl Driver {
    pub(super) fn capture_now(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph> {
        // Other threads, and cuBLASLt's own allocations, are not to be disturbed.
        let mode = sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_RELAXED;
        // SAFETY: the stream is alive, and nothing is being captured.
        let result = unsafe { sys::cuStreamBeginCapture_v2(self.context.stream, mode) };
        self.check("beginning a capture", result)?;
        let before = self.last.clone();
        self.capturing = true;
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(self)));
        self.capturing = false;
        let inside = std::mem::replace(&mut self.last, before);
        // Whatever came of the work, the stream must leave the capture.
        let mut graph = ptr::null_mut();
        // SAFETY: the stream is alive; one handle is written, null if the capture failed.
        let result = unsafe { sys::cuStreamEndCapture(self.context.stream, &mut graph) };
        let graph = Template(graph);
        match done {
            Ok(done) => done?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        self.check("ending a capture", result)?;
        let mut executable = ptr::null_mut();
        // SAFETY: the graph is whole; one handle is written.
        let result = unsafe { sys::cuGraphInstantiateWithFlags(&mut executable, graph.0, 0) };
        self.check("preparing a captured sequence", result)?;
        let recorded = Recorded {
            graph: executable,
            what: format!("a sequence that ends with {inside}"),
            context: Arc::clone(&self.context),
        };
        let free = self.graphs.iter().position(Option::is_none);
        let index = free.unwrap_or(self.graphs.len());
        match free {
            Some(index) => self.graphs[index] = Some(recorded),
            None => self.graphs.push(Some(recorded)),
        }
        Ok(Graph(index))
    }

    pub(super) fn replay_now(&mut self, graph: Graph) -> Result<()> {
        let Some(Some(recorded)) = self.graphs.get(graph.0) else {
            return Err(self.bug(format!("there is no captured sequence {}", graph.0)));
        };
        let what = recorded.what.clone();
        // SAFETY: both are alive.
        let result = unsafe { sys::cuGraphLaunch(recorded.graph, self.context.stream) };
        self.check(&format!("starting {what}"), result)?;
        self.last = what;
        Ok(())
    }
}

/// What was captured, before it is made ready to run.
struct Template(sys::CUgraph);

impl Drop for Template {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was captured, and is destroyed once.
            let _ = unsafe { sys::cuGraphDestroy(self.0) };
        }
    }
}
