use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
        embedded: 1,
        tableau: {
            0 | ;
            1 | 1;
              | 1/2, 1/2;
        }
    }
}

fn main() {}
