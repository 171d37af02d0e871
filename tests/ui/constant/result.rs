use flow_runtime::flow_model;

const WIDTH: usize = 3;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), WIDTH)
    }
}

fn main() {}
