use flow_runtime::flow_model;

const WIDTH: i32 = 8;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(linear(concat(x, t), WIDTH), 2)
    }
}

fn main() {}
