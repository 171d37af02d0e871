use flow_runtime::flow_model;

const SCALE: f64 = 0.5;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(SCALE * x, t), 2)
    }
}

fn main() {}
