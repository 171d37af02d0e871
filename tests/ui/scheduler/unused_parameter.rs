use flow_runtime::flow_model;

flow_model! {
    scheduler Mine(n = 2.0) {
        alpha: t,
        sigma: 1 - t,
    }
}

fn main() {}
