use flow_runtime::flow_model;

flow_model! {
    scheduler Mine(n) {
        alpha: pow(t, n),
        sigma: 1 - pow(t, n),
    }
}

fn main() {}
