use flow_runtime::flow_model;

flow_model! {
    block relu(h) {
        h
    }
}

fn main() {}
