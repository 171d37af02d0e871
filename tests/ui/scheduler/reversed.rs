use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: 1 - t,
        sigma: t,
    }
}

fn main() {}
