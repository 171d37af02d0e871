use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: t^2,
        sigma: 1 - t^2,
    }
}

fn main() {}
