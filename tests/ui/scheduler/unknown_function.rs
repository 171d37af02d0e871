use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: sn(pi / 2 * t),
        sigma: cos(pi / 2 * t),
    }
}

fn main() {}
