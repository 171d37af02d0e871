//! The weights of models with `custom` layers: only the network knows those of the user's modules.

use super::{
    flat,
    network::{DfdxModel, device_error},
};
use crate::{
    error::Result,
    model::{Layout, Weights},
};
use ::dfdx::{nn::BuildModule, tensor::Cpu};

/// The program's parameters, then those of the modules.
///
/// A network that cannot be built, or whose modules give one name to two tensors, has the program's alone; the engine
/// reports what is wrong when it is made.
pub fn layout<M: DfdxModel>() -> Layout {
    try_layout::<M>().map_or_else(|_| Layout::of(M::PROGRAM), |(layout, _)| layout)
}

/// The program's weights as any model of that seed has them, then the modules' as they reset themselves on a dfdx
/// device of that seed.
pub fn initial_weights<M: DfdxModel>(seed: u64) -> Weights {
    let own = Weights::init(M::PROGRAM, seed);
    let all = || {
        let (layout, _) = try_layout::<M>()?;
        let network = M::Network::try_build(&Cpu::seed_from_u64(seed)).map_err(device_error::<Cpu>)?;
        let mut values = flat::store::<f32, Cpu, _>(&network)?;
        let len = own.values().len().min(values.len());
        values[..len].copy_from_slice(&own.values()[..len]);
        Weights::new(layout, values)
    };
    let all: Result<Weights> = all();
    all.unwrap_or(own)
}

/// The layout of a model, and the network that it was read from.
pub(super) fn try_layout<M: DfdxModel>() -> Result<(Layout, M::Network)> {
    let network = M::Network::try_build(&Cpu::default()).map_err(device_error::<Cpu>)?;
    let own = Layout::of(M::PROGRAM);
    let modules = flat::entries::<f32, Cpu, _>(&network)?.into_iter().skip(own.entries().len());
    let layout = own.extended(modules.map(|entry| (entry.name, entry.shape, entry.trained)))?;
    Ok((layout, network))
}
