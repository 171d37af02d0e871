use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: t / (2 * t - 1),
        sigma: 1 - t,
    }
}

fn main() {}
