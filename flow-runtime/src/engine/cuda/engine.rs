//! The engine as its users see it.

use super::{
    backend::{Backend, Memory, bytes_of, bytes_of_mut, room},
    lost::Lost,
    noise::Noise,
    show::check_explicit,
    tile::Pointwise,
    train::Training,
    velocity,
    ways::{Integrators, Task},
};
use crate::{
    data::{ConditionValues, Conditions},
    engine::{
        CudaPrecision,
        check::{check_finite, check_nodes, check_rows, check_saved, check_weights},
        cpu::not_finite,
    },
    error::{Error, Result},
    flow::Source,
    model::Model,
    program::{Op, Program},
    solve::{Method, Statistics},
};
use std::marker::PhantomData;

/// Runs a model on an NVIDIA GPU: whole integrations and many training steps in one launch, by kernels written for the model.
///
/// The text of the kernels is printed from the model's program and the method's tableau ([`cuda_source`](crate::model::Model::cuda_source)
/// shows it), compiled for the very device when it is first needed, and kept on disk. A batch that does not fit into the
/// device's memory is carried in pieces.
///
/// ```no_run
/// use flow_runtime::{engine::CudaEngine, prelude::*};
/// flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
///
/// let line = Line::new(0);
/// let mut engine = CudaEngine::<Line>::new(0)?;
/// engine.load(line.weights().values())?;
/// let mut x = vec![0.5; 2_000_000];
/// engine.integrate::<Rk4>(&[0.0, 0.5, 1.0], &mut x, &Conditions::none(), &[], &mut [])?;
/// # Ok::<(), Error>(())
/// ```
pub struct CudaEngine<M> {
    pub(super) backend: Box<dyn Backend>,
    pub(super) precision: CudaPrecision,
    weights: Vec<f32>,
    pointwise: Option<(Pointwise, bool)>,
    integrators: Integrators,
    noise: Noise,
    points: Option<Memory>,
    pub(super) training: Option<Training>,
    progress: Option<Progress>,
    model: PhantomData<fn() -> M>,
}

const OPERATION: &str = "integrating";

/// Told how many rows are done, of how many.
type Progress = Box<dyn FnMut(usize, usize) + Send>;

/// Rows of a piece of a batch, at most: more would only hold memory.
const PIECE: usize = 1 << 24;

impl<M: Model> CudaEngine<M> {
    /// An engine on the GPU of that index, in the precision `strict`.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no such GPU, driver or compiler, or for a model with a `custom` layer, which only dfdx can
    /// run; [`Error::Invalid`] or [`Error::Shape`] if the program means nothing, see [`Program::check`].
    pub fn new(index: usize) -> Result<Self> {
        check_ops(M::PROGRAM)?;
        Self::on(super::open(index)?)
    }

    /// An engine on a device that is there.
    pub(crate) fn on(backend: Box<dyn Backend>) -> Result<Self> {
        M::PROGRAM.check()?;
        check_ops(M::PROGRAM)?;
        Ok(Self {
            backend,
            precision: CudaPrecision::default(),
            weights: Vec::new(),
            pointwise: None,
            integrators: Integrators::default(),
            noise: Noise::default(),
            points: None,
            training: None,
            progress: None,
            model: PhantomData,
        })
    }

    /// An engine that runs the kernels of the CUDA engine on the CPU, compiled by g++: for tests where there is no GPU.
    ///
    /// # Errors
    /// [`Error::Device`] without g++, else as [`new`](Self::new).
    #[cfg(feature = "cuda-header")]
    #[doc(hidden)]
    pub fn on_header(seed: u64) -> Result<Self> {
        let settings = super::header::Settings { seed, ..super::header::Settings::default() };
        Self::on(Box::new(super::header::Header::new(settings)?))
    }

    /// Computes in another precision.
    ///
    /// ```no_run
    /// use flow_runtime::{engine::{CudaEngine, CudaPrecision}, prelude::*};
    /// # flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    /// let engine = CudaEngine::<Line>::new(0)?.with_precision(CudaPrecision::X3);
    /// assert_eq!(engine.precision(), CudaPrecision::X3);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn with_precision(mut self, precision: CudaPrecision) -> Self {
        self.precision = precision;
        self
    }

    /// The precision that products are computed in.
    pub fn precision(&self) -> CudaPrecision {
        self.precision
    }

    /// Calls `progress` with the rows that are done, and with all of them, after each piece of a batch that is carried.
    ///
    /// ```no_run
    /// use flow_runtime::{engine::CudaEngine, prelude::*};
    /// # flow_model! { model Line(x: [2], t: Time) -> [2] { linear(concat(x, sinusoidal(t, 2)), 2) } }
    /// let engine = CudaEngine::<Line>::new(0)?.on_progress(|done, all| eprintln!("{done} of {all} points"));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn on_progress(mut self, progress: impl FnMut(usize, usize) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// The name of the device.
    pub fn device_name(&self) -> &str {
        &self.backend.properties().name
    }

    /// Takes over the weights of a model, in the order of its layout.
    ///
    /// # Errors
    /// [`Error::Shape`] if they are not as many as the model has, [`Error::NotFinite`] for NaN and infinities; then the
    /// engine keeps those that it had.
    pub fn load(&mut self, weights: &[f32]) -> Result<()> {
        check_weights::<M>(weights)?;
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        self.integrators.stale();
        if let Some((_, fresh)) = &mut self.pointwise {
            *fresh = false;
        }
        Ok(())
    }

    /// Writes the velocity at the times `t: [rows]` and points `x: [rows, dim]` into `out: [rows, dim]`.
    ///
    /// Computed in `strict`, whatever the precision of integrations.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's or no weights are [loaded](Self::load),
    /// [`Error::NotFinite`] for a time or a point that is not finite, [`Error::Device`] if the device fails.
    pub fn velocity(&mut self, t: &[f32], x: &[f32], conditions: &Conditions, out: &mut [f32]) -> Result<()> {
        const VELOCITY: &str = "velocity";
        let dim = M::PROGRAM.state_dim();
        check_rows::<M>(VELOCITY, "x", x.len(), t.len())?;
        check_rows::<M>(VELOCITY, "out", out.len(), t.len())?;
        check_finite(VELOCITY, "the time", t, 1)?;
        check_finite(VELOCITY, "the point", x, dim)?;
        let bound = M::PROGRAM.bind_conditions(VELOCITY, conditions, t.len())?;
        self.check_loaded(VELOCITY)?;
        if t.is_empty() {
            return Ok(());
        }
        let backend = &mut *self.backend;
        let properties = backend.properties().clone();
        let (pointwise, fresh) =
            self.pointwise.get_or_insert_with(|| (Pointwise::new(M::PROGRAM, t.len(), &properties), false));
        if !pointwise.weights_fit() && backend.multiplies() {
            return velocity::of_wide(backend, M::PROGRAM, &self.weights, (t, x), &bound, out);
        }
        if !*fresh {
            pointwise.load(backend, &self.weights)?;
            *fresh = true;
        }
        velocity::in_pieces(backend, PIECE, (t, x), &bound, out, &mut |backend, rows, [t, x, v], conditions| {
            pointwise.run(backend, rows, (t, x, v), conditions)
        })
    }

    /// Carries the points `x: [rows, dim]` over the nodes, in place, with the method `S`.
    ///
    /// `saved` names nodes in ascending order whose states are kept: they are written into `saves`, one row of
    /// `rows · dim` values for each. The statistics are those of one sample.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::Invalid`] if an argument is not the model's, the grid is not monotone in `f32`, or no weights
    /// are [loaded](Self::load); [`Error::NotFinite`] if a state stops being finite, with the step, the time and how many samples
    /// it hit; [`Error::Device`] if the device fails, or for an implicit method. `x` is then partly carried.
    pub fn integrate<S: Method>(
        &mut self,
        nodes: &[f64],
        x: &mut [f32],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<f32>],
    ) -> Result<Statistics> {
        check_finite(OPERATION, "the start point", x, M::PROGRAM.state_dim())?;
        self.carry::<S>(None, nodes, x, conditions, saved, saves)
    }

    /// As [`integrate`](Self::integrate), from start points that the device draws: those of [`Source::fill`] for
    /// ([`Stream::Sample`](crate::rng::Stream::Sample), step 0) of the seed. What stood in `x` is not read.
    ///
    /// # Errors
    /// As [`integrate`](Self::integrate).
    #[allow(clippy::too_many_arguments)]
    pub fn sample<S: Method>(
        &mut self,
        source: Source,
        seed: u64,
        nodes: &[f64],
        x: &mut [f32],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<f32>],
    ) -> Result<Statistics> {
        source.check()?;
        self.carry::<S>(Some((source, seed)), nodes, x, conditions, saved, saves)
    }

    #[allow(clippy::too_many_arguments)]
    fn carry<S: Method>(
        &mut self,
        drawn: Option<(Source, u64)>,
        nodes: &[f64],
        x: &mut [f32],
        conditions: &Conditions,
        saved: &[usize],
        saves: &mut [Vec<f32>],
    ) -> Result<Statistics> {
        let dim = M::PROGRAM.state_dim();
        let rows = x.len().checked_div(dim).unwrap_or(0);
        check_rows::<M>(OPERATION, "x", x.len(), rows)?;
        let bound = M::PROGRAM.bind_conditions(OPERATION, conditions, rows)?;
        check_nodes::<f32>(nodes)?;
        check_saved(nodes, saved, saves.len())?;
        self.check_loaded(OPERATION)?;
        check_explicit(S::TABLEAU)?;
        for values in saves.iter_mut() {
            values.clear();
            values.resize(x.len(), 0.0);
        }
        let steps = nodes.len().saturating_sub(1);
        let mut statistics = Statistics { steps: steps as u64, ..Statistics::default() };
        let backend = &mut *self.backend;
        let integrator =
            self.integrators.ready(backend, M::PROGRAM, S::TABLEAU, self.precision, rows, &self.weights)?;
        statistics.evaluations = (steps * integrator.evaluations()) as u64;
        if rows == 0 {
            return Ok(statistics);
        }
        // Points, what marks the lost ones, conditions, and the states that are kept.
        let row = 4 * (dim * (1 + saved.len()) + 2 + condition_numbers(M::PROGRAM));
        let piece = integrator.piece(backend, M::PROGRAM, S::TABLEAU, rows, row)?.min(PIECE);
        let mut lost: Option<Lost> = None;
        for first in (0..rows).step_by(piece) {
            let count = piece.min(rows - first);
            let range = first * dim..(first + count) * dim;
            let points = room(&mut self.points, backend, 4 * range.len(), "the points")?.clone();
            match drawn {
                None => backend.upload(&points, 0, bytes_of(&x[range.clone()]))?,
                Some((source, seed)) => self.noise.draw(backend, source, seed, (first, count, dim), &points)?,
            }
            let conditions = upload_conditions(backend, &bound, first, count)?;
            let kept = |backend: &mut dyn Backend, node: usize| -> Result<_> {
                Ok((node, backend.allocate(4 * range.len(), "the states that are kept")?))
            };
            let kept: Vec<_> = saved.iter().map(|node| kept(backend, *node)).collect::<Result<_>>()?;
            let task = Task { nodes, points: &points, rows: count, conditions: &conditions, saved: &kept };
            let found = integrator.run(backend, M::PROGRAM, S::TABLEAU, &task)?;
            for ((_, memory), values) in kept.iter().zip(saves.iter_mut()) {
                backend.download(memory, 0, bytes_of_mut(&mut values[range.clone()]))?;
            }
            backend.download(&points, 0, bytes_of_mut(&mut x[range]))?;
            if let Some(found) = found.map(|found| Lost { first: first + found.first, ..found }) {
                lost = Some(match lost {
                    Some(lost) if lost.step < found.step => lost,
                    Some(lost) if lost.step == found.step => Lost { count: lost.count + found.count, ..lost },
                    _ => found,
                });
            }
            if let Some(progress) = &mut self.progress {
                progress(first + count, rows);
            }
        }
        match lost {
            Some(Lost { step, count, first }) => Err(not_finite(step, &nodes[step - 1..=step], count, rows, first)),
            None => Ok(statistics),
        }
    }

    fn check_loaded(&self, operation: &'static str) -> Result<()> {
        if !self.weights.is_empty() || M::PARAMETERS == 0 {
            return Ok(());
        }
        Err(Error::Invalid {
            operation,
            what: "the engine".to_owned(),
            got: "without weights".to_owned(),
            expected: format!("the {} weights of `{}`", M::PARAMETERS, M::PROGRAM.name),
            help: "call `load` with the model's weights first".to_owned(),
        })
    }
}

/// Numbers of a row of all conditions.
pub(super) fn condition_numbers(program: &Program) -> usize {
    program.conditions().map(|(_, input)| input.size().max(1)).sum()
}

/// Numbers in new memory of the device.
pub(super) fn upload<T: super::backend::Plain>(backend: &mut dyn Backend, values: &[T], what: &str) -> Result<Memory> {
    let memory = backend.allocate(size_of_val(values).max(4), what)?;
    backend.upload(&memory, 0, bytes_of(values))?;
    Ok(memory)
}

/// The conditions of some rows, in the order of the program.
pub(super) fn upload_conditions(
    backend: &mut dyn Backend,
    bound: &[&ConditionValues],
    first: usize,
    rows: usize,
) -> Result<Vec<Memory>> {
    let column = |values: &&ConditionValues| match values {
        ConditionValues::Class(labels) => upload(backend, &labels[first..first + rows], "the labels"),
        ConditionValues::Vector { dim, values } => {
            upload(backend, &values[first * dim..(first + rows) * dim], "a condition")
        }
    };
    bound.iter().map(column).collect()
}

/// Refuses what this engine has no kernel for.
pub(super) fn check_ops(program: &Program) -> Result<()> {
    let custom = program.nodes.iter().find_map(|node| match node.op {
        Op::Custom { module } => Some(module),
        _ => None,
    });
    let Some(module) = custom else { return Ok(()) };
    Err(Error::Device {
        asked: "cuda".to_owned(),
        found: format!("`custom({module})` in `{}`, a dfdx module, which the CUDA engine cannot run", program.name),
        help: "use `--device dfdx` (feature `dfdx`), or write the layer in `flow_model!`".to_owned(),
    })
}
