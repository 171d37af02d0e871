use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: sin(5 * pi / 2 * t),
        sigma: 1 - t,
    }
}

fn main() {}
