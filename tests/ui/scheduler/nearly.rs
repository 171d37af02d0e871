use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: t,
        sigma: 1 - 0.99 * t,
    }
}

fn main() {}
