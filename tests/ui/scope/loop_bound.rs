use flow_runtime::flow_model;

const DEPTH: usize = 3;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let mut h = linear(concat(x, t), 2);
        for _ in 0..DEPTH {
            h = relu(h);
        }
        h
    }
}

fn main() {}
