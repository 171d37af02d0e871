use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: t,
        sigma: 1 - t,
        boundary: 0.01,
    }
}

fn main() {}
