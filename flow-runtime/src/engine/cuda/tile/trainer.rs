//! Training steps on the device: the state, the launches, and what comes back.

use super::{spec::Spec, train::Text, update::partial_row};
use crate::{
    engine::cuda::backend::{Argument, Backend, Kernel, Launch, Memory, bytes_of, bytes_of_mut},
    error::Result,
    program::Program,
    train::Optimizer,
};

/// Bytes for what every block of a launch has to say of every step.
const OUTCOME_BYTES: usize = 64 << 20;

/// What a step of the optimiser needs besides constants, as `fm_rates` has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    pub(crate) lr: f32,
    /// `1 / (1 − β1^t)` and `1 / (1 − β2^t)`.
    pub(crate) corrections: [f32; 2],
    /// Share of the weights in the average.
    pub(crate) follow: f32,
    /// Decoupled decay, with the learning rate in it.
    pub(crate) decay: f32,
}

impl Rates {
    pub(crate) fn numbers(&self) -> [f32; 5] {
        [self.lr, self.corrections[0], self.corrections[1], self.follow, self.decay]
    }

    /// Of the step that counts `time` from 1.
    pub(crate) fn of(optimizer: &Optimizer, lr: f64, time: u64, follow: f32) -> Self {
        // From a time that large on, the correction is one in every digit.
        let time = i32::try_from(time).unwrap_or(i32::MAX);
        let correction = |beta: f64| (1.0 / (1.0 - beta.powi(time))) as f32;
        let (corrections, decay) = match *optimizer {
            Optimizer::Adam { beta1, beta2, .. } => ([correction(beta1), correction(beta2)], 0.0),
            Optimizer::AdamW { beta1, beta2, weight_decay, .. } => {
                ([correction(beta1), correction(beta2)], (lr * weight_decay) as f32)
            }
            Optimizer::Sgd { .. } => ([1.0; 2], 0.0),
        };
        Self { lr: lr as f32, corrections, follow, decay }
    }
}

/// The weights and what training keeps beside them, as the host has them; empty where there is none.
pub(crate) struct State<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) moment1: &'a mut [f32],
    pub(crate) moment2: &'a mut [f32],
    pub(crate) average: &'a mut [f32],
}

/// Batches in the device's memory, one after the other, drawn by the host.
pub(crate) struct Given {
    pub(crate) t: Memory,
    pub(crate) x: Memory,
    pub(crate) u: Memory,
    pub(crate) conditions: Vec<Memory>,
}

/// A data set in the device's memory.
#[derive(Clone)]
pub(crate) struct Data {
    pub(crate) values: Memory,
    pub(crate) conditions: Vec<Memory>,
    pub(crate) rows: usize,
}

/// Where the batches of a launch come from.
pub(crate) enum Batches<'a> {
    Drawn(&'a Data),
    Given(&'a Given),
}

/// Steps that one launch takes.
pub(crate) struct Steps<'a> {
    pub(crate) rates: &'a [Rates],
    pub(crate) seed: u64,
    /// Number of the first draw.
    pub(crate) draw: u64,
    /// Bound of the gradient's norm, if the recipe has one.
    pub(crate) bound: f32,
    /// Whether the weights are changed; else the gradient of one step is left to be read.
    pub(crate) update: bool,
}

/// A training kernel with its memory.
pub(crate) struct Trainer {
    text: Text,
    pub(crate) spec: Spec,
    program: &'static Program,
    loaded: Option<Loaded>,
}

struct Loaded {
    train: Kernel,
    optimize: Kernel,
    weights: Memory,
    packed: Memory,
    scratch: Memory,
    partial: Memory,
    total: Memory,
    moment1: Memory,
    moment2: Memory,
    average: Memory,
    arrived: Memory,
}

impl Trainer {
    pub(crate) fn new(program: &'static Program, spec: Spec, backend: &dyn Backend) -> Result<Self> {
        let text = Text::new(program, &spec, backend.properties())?;
        Ok(Self { text, spec, program, loaded: None })
    }

    fn loaded(&mut self, backend: &mut dyn Backend) -> Result<&Loaded> {
        if let Some(loaded) = self.loaded.take() {
            return Ok(self.loaded.insert(loaded));
        }
        {
            let kernels = backend.load(&self.text.source)?;
            let (blocks, len) = (self.text.blocks, self.program.parameter_count().max(1));
            let numbers =
                |backend: &mut dyn Backend, count: usize, what: &str| backend.allocate(4 * count.max(1), what);
            let all = blocks * partial_row(self.program);
            let partial = numbers(backend, all, "the gradients of the blocks")?;
            backend.zero(&partial, 0, 4 * all)?;
            let total = numbers(backend, len, "the gradient")?;
            backend.zero(&total, 0, 4 * len)?;
            let arrived = numbers(backend, 1, "a counter")?;
            backend.zero(&arrived, 0, 4)?;
            let average = if self.spec.ema { len } else { 1 };
            Ok(self.loaded.insert(Loaded {
                train: kernels[0],
                optimize: kernels[1],
                weights: numbers(backend, len, "the weights")?,
                packed: numbers(backend, self.text.packs.len, "the packed weights")?,
                scratch: backend.allocate(self.text.layout.scratch_bytes(blocks).max(4), "values of the tiles")?,
                partial,
                total,
                moment1: numbers(backend, len, "the first moment")?,
                moment2: numbers(backend, len, "the second moment")?,
                average: numbers(backend, average, "the average of the weights")?,
                arrived,
            }))
        }
    }

    /// Takes over the host's state.
    pub(crate) fn upload(&mut self, backend: &mut dyn Backend, state: &State<'_>) -> Result<()> {
        let packed = self.text.packs.pack_all(state.weights);
        let loaded = self.loaded(backend)?;
        backend.upload(&loaded.packed, 0, bytes_of(&packed))?;
        for (memory, values) in loaded.pairs(state) {
            backend.upload(memory, 0, bytes_of(values))?;
        }
        Ok(())
    }

    /// Gives the state back to the host.
    pub(crate) fn download(&mut self, backend: &mut dyn Backend, state: &mut State<'_>) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let State { weights, moment1, moment2, average } = state;
        let all = [
            (&loaded.weights, &mut **weights),
            (&loaded.moment1, &mut **moment1),
            (&loaded.moment2, &mut **moment2),
            (&loaded.average, &mut **average),
        ];
        for (memory, values) in all {
            if !values.is_empty() {
                backend.download(memory, 0, bytes_of_mut(values))?;
            }
        }
        Ok(())
    }

    /// The gradient after a launch that did not update; what is not trained has any value.
    pub(crate) fn gradient(&mut self, backend: &mut dyn Backend, gradient: &mut [f32]) -> Result<()> {
        let loaded = self.loaded(backend)?;
        backend.download(&loaded.total, 0, bytes_of_mut(gradient))
    }

    /// One step of the optimiser with a gradient that the host has.
    pub(crate) fn optimize(&mut self, backend: &mut dyn Backend, rates: Rates, gradient: &[f32]) -> Result<()> {
        let loaded = self.loaded(backend)?;
        let table = backend.allocate(size_of::<Rates>(), "the rates of the step")?;
        backend.upload(&table, 0, bytes_of(&rates.numbers()))?;
        backend.upload(&loaded.total, 0, bytes_of(gradient))?;
        let memory =
            [&loaded.weights, &loaded.packed, &loaded.total, &loaded.moment1, &loaded.moment2, &loaded.average, &table];
        let arguments: Vec<Argument> = memory.iter().map(|memory| Argument::Address(memory.address)).collect();
        let blocks = gradient.len().div_ceil(256).clamp(1, 1024) as u32;
        backend.launch(loaded.optimize, Launch { blocks, threads: 256, shared: 0, cooperative: false }, &arguments)
    }

    /// Steps that a launch may take: the shares of its blocks in losses and norms are kept until its end.
    pub(crate) fn most_steps(&self) -> u64 {
        (OUTCOME_BYTES / (16 * self.text.blocks)).max(1) as u64
    }

    /// Takes steps; gives loss and norm of the gradient of each.
    pub(crate) fn run(
        &mut self,
        backend: &mut dyn Backend,
        steps: &Steps<'_>,
        batches: &Batches<'_>,
    ) -> Result<Vec<[f64; 2]>> {
        let (blocks, batch) = (self.text.blocks, self.spec.batch);
        let launch = Launch {
            blocks: blocks as u32,
            threads: self.text.layout.threads() as u32,
            shared: self.text.layout.shared_bytes(),
            cooperative: true,
        };
        let mut outcomes = vec![[f64::NAN; 2]; steps.rates.len()];
        let rates: Vec<f32> = steps.rates.iter().flat_map(|rates| rates.numbers()).collect();
        let loaded = self.loaded(backend)?;
        let table = backend.allocate(4 * rates.len().max(1), "the rates of the steps")?;
        backend.upload(&table, 0, bytes_of(&rates))?;
        let outcome = backend.allocate(16 * outcomes.len().max(1), "the outcomes of the steps")?;
        // Every block's share in every step.
        let shares = 8 * (blocks * outcomes.len()).max(1);
        let losses = backend.allocate(shares, "the losses")?;
        let squares = backend.allocate(shares, "the norms of the gradients")?;
        let state = [
            &loaded.weights,
            &loaded.packed,
            &loaded.scratch,
            &loaded.partial,
            &loaded.total,
            &losses,
            &squares,
            &loaded.moment1,
            &loaded.moment2,
            &loaded.average,
            &table,
            &outcome,
            &loaded.arrived,
        ];
        let mut arguments: Vec<Argument> = state.iter().map(|memory| Argument::Address(memory.address)).collect();
        let (data, given, rows, conditions) = match batches {
            Batches::Drawn(data) => (data.values.address, [0; 3], data.rows, &data.conditions),
            Batches::Given(given) => {
                (0, [given.t.address, given.x.address, given.u.address], batch * steps.rates.len(), &given.conditions)
            }
        };
        arguments.push(Argument::Address(data));
        arguments.extend(given.map(Argument::Address));
        arguments.extend([Argument::Long(steps.seed), Argument::Long(steps.draw)]);
        let numbers = [rows, batch, steps.rates.len(), usize::from(steps.update)];
        arguments.extend(numbers.map(|number| Argument::Int(number as i32)));
        arguments.push(Argument::Float(steps.bound));
        arguments.extend(conditions.iter().map(|memory| Argument::Address(memory.address)));
        backend.launch(loaded.train, launch, &arguments)?;
        let mut flat = vec![f64::NAN; 2 * outcomes.len()];
        backend.download(&outcome, 0, bytes_of_mut(&mut flat))?;
        outcomes.iter_mut().zip(flat.chunks_exact(2)).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(outcomes)
    }
}

impl Loaded {
    fn pairs<'a>(&'a self, state: &'a State<'_>) -> impl Iterator<Item = (&'a Memory, &'a [f32])> {
        let all = [
            (&self.weights, &*state.weights),
            (&self.moment1, &*state.moment1),
            (&self.moment2, &*state.moment2),
            (&self.average, &*state.average),
        ];
        all.into_iter().filter(|(_, values)| !values.is_empty())
    }
}
