//! Steps of implicit methods. (Placeholder of the `solver` branch: the signature that generated code calls.)

use super::{State, VectorField};
use crate::{
    error::{Error, Result},
    tableau::Tableau,
};

/// One step of an implicit method: `work` holds the stages and one more state.
#[allow(clippy::too_many_arguments)]
pub fn implicit_step<S: State, F: VectorField<S>, const STAGES: usize>(
    tableau: &'static Tableau,
    _field: &mut F,
    _t0: S::Scalar,
    _t1: S::Scalar,
    _x: &S,
    _work: &mut [S],
    _out: &mut S,
) -> Result<()> {
    Err(Error::Invalid {
        operation: "implicit step",
        what: "the method".to_owned(),
        got: tableau.name.to_owned(),
        expected: "an explicit one".to_owned(),
        help: "use an explicit method".to_owned(),
    })
}
