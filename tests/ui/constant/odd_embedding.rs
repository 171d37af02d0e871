use flow_runtime::flow_model;

const DIM: usize = 7;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, sinusoidal(t, DIM)), 2)
    }
}

fn main() {}
