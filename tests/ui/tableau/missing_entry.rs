use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
        tableau: {
            0 | ;
            1 | 1;
              | , 1;
        }
    }
}

fn main() {}
