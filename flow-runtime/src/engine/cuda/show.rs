//! The texts of kernels, to be read.

use super::{
    backend::Properties,
    engine::check_ops,
    fragment::{Fragment, Products},
    tile::{Integrator, Spec, Text},
};
use crate::{
    engine::{CudaPrecision, scheme::Scheme},
    error::{Error, Result},
    flow::DeviceText,
    program::Program,
    tableau::{Kind, Tableau},
    train::Recipe,
};

/// A device of the kind of an H100, with many rows to carry.
fn usual() -> (Properties, usize) {
    let properties = Properties {
        name: "sm_90".to_owned(),
        capability: (9, 0),
        multiprocessors: 132,
        shared_per_block: 227 << 10,
        memory: 80 << 30,
    };
    (properties, 1 << 20)
}

/// The text of an integration.
pub(crate) fn sampling_source(
    program: &'static Program,
    tableau: &'static Tableau,
    precision: CudaPrecision,
) -> Result<String> {
    program.check()?;
    check_ops(program)?;
    check_explicit(tableau)?;
    let (device, rows) = usual();
    let products = match precision {
        CudaPrecision::Strict => None,
        CudaPrecision::X3 => Some(Products::X3),
        CudaPrecision::Half => Some(Products::Half),
    };
    if let Some(fragment) = products.and_then(|products| Fragment::new(program, tableau, products, &device).ok()) {
        return Ok(fragment.source(fragment.shape(rows).variant).text);
    }
    let scheme = Scheme::of(tableau);
    Ok(Integrator::new(program, &scheme, rows, precision, &device).source().text.clone())
}

/// The text of a training.
pub(crate) fn training_source(
    program: &'static Program,
    recipe: &Recipe,
    path: Option<DeviceText>,
    precision: CudaPrecision,
) -> Result<String> {
    program.check()?;
    check_ops(program)?;
    let text = Text::new(program, &Spec::of(recipe, path, precision), &usual().0)?;
    Ok(text.source.text)
}

/// Refuses a method whose stages are equations.
pub(super) fn check_explicit(tableau: &Tableau) -> Result<()> {
    if tableau.kind == Kind::Explicit {
        return Ok(());
    }
    Err(Error::Device {
        asked: "cuda".to_owned(),
        found: format!("the implicit method `{}`, for which the CUDA engine has no kernel", tableau.name),
        help: "use an explicit method, or `--device cpu`".to_owned(),
    })
}
