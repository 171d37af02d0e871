use flow_runtime::flow_model;

const SHIFT: f64 = 1.0;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        0.5 * linear(concat(x, t), 2) + self::SHIFT
    }
}

fn main() {}
