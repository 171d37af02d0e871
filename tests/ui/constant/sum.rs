use flow_runtime::flow_model;

const WIDTH: usize = 3;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let h = linear(concat(x, t), WIDTH);
        linear(h + linear(x, 2 * WIDTH), 2)
    }
}

fn main() {}
