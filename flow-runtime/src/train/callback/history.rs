//! Everything a run told, kept in memory.

use std::{cell::RefCell, rc::Rc};

use super::{Callback, Control, EpochInfo, EvaluationInfo, StepInfo};
use crate::error::Result;

/// Keeps what a run told; clones share it, so that one is given to the trainer and one is read afterwards.
///
/// ```
/// use flow_runtime::train::History;
/// let history = History::default();
/// let _for_the_trainer = history.clone();
/// assert!(history.steps().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct History(Rc<RefCell<Events>>);

#[derive(Debug, Default)]
struct Events {
    steps: Vec<StepInfo>,
    epochs: Vec<EpochInfo>,
    evaluations: Vec<EvaluationInfo>,
    warnings: Vec<String>,
}

impl History {
    /// Every step of this session.
    pub fn steps(&self) -> Vec<StepInfo> {
        self.0.borrow().steps.clone()
    }
    /// Every epoch that ended in this session.
    pub fn epochs(&self) -> Vec<EpochInfo> {
        self.0.borrow().epochs.clone()
    }
    /// Every evaluation of this session.
    pub fn evaluations(&self) -> Vec<EvaluationInfo> {
        self.0.borrow().evaluations.clone()
    }
    /// Every warning.
    pub fn warnings(&self) -> Vec<String> {
        self.0.borrow().warnings.clone()
    }
}

impl Callback for History {
    fn on_step(&mut self, info: &StepInfo) -> Result<Control> {
        self.0.borrow_mut().steps.push(*info);
        Ok(Control::Continue)
    }
    fn on_epoch(&mut self, info: &EpochInfo) -> Result<Control> {
        self.0.borrow_mut().epochs.push(*info);
        Ok(Control::Continue)
    }
    fn on_evaluation(&mut self, info: &EvaluationInfo) -> Result<Control> {
        self.0.borrow_mut().evaluations.push(*info);
        Ok(Control::Continue)
    }
    fn on_warning(&mut self, message: &str) -> Result<()> {
        self.0.borrow_mut().warnings.push(message.to_owned());
        Ok(())
    }
}
