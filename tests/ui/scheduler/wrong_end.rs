use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: 2 * t,
        sigma: 1 - t,
    }
}

fn main() {}
