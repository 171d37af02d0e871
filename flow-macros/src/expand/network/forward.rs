//! `forward`: the nodes in a straight line, one `let` with a typed shape each.
//!
//! One tape is threaded through. A value is cloned where it is used again, and moved at its last use, so that dfdx can
//! work in place.

use super::{Network, constant, float, identifier, local, size};
use crate::ir::{Dim, InputKind, Node, Op};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

pub(super) fn expand_forward(network: &Network) -> TokenStream {
    let Network { model, nn, private, .. } = network;
    let self_type = network.self_type();
    let modules = network.modules().map(|(parameter, _)| parameter);
    let arguments = arguments(network);
    let bounds = module_bounds(network, &quote!(T));
    let state = model.inputs.iter().find(|input| matches!(input.kind, InputKind::State));
    let shape = network.shape_type(state.map_or(&[], |input| &input.shape));
    let body = Body::new(network).write();
    let dropout = dropout_argument(network);
    quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl<E: #nn::Element, D: #nn::Device<E>, #(#modules),*> #self_type {
            /// The velocity of a batch, recorded on the tape that the state carries.
            ///
            /// The time carries none. Without masks, dropout does nothing.
            ///
            /// # Errors
            /// An input of another batch size than the state's, a class that the model does not declare, and what
            /// the device reports.
            #[allow(unused_variables)]
            pub fn forward<T: #nn::Tape<E, D>>(
                &self,
                #(#arguments,)*
                #dropout: ::core::option::Option<&#nn::Dropout>,
            ) -> #private::Result<#nn::Tensor<#shape, E, D, T>>
            where
                #(#bounds,)*
            {
                #body
            }
        }
    }
}

/// `name: type` of every input, the time first.
fn arguments(network: &Network) -> Vec<TokenStream> {
    let nn = &network.nn;
    let arguments = argument_order(network).into_iter().map(|index| {
        let input = &network.model.inputs[index];
        let name = identifier(&input.name);
        match &input.kind {
            InputKind::Time => quote!(#name: #nn::Tensor<(::core::primitive::usize,), E, D>),
            InputKind::Class { .. } => {
                quote!(#name: #nn::Tensor<(::core::primitive::usize,), ::core::primitive::usize, D>)
            }
            InputKind::State => {
                let shape = network.shape_type(&input.shape);
                quote!(#name: #nn::Tensor<#shape, E, D, T>)
            }
            InputKind::Vector => {
                let type_ = network.tensor(&input.shape);
                quote!(#name: #type_)
            }
        }
    });
    arguments.collect()
}

/// The time, the state, the conditions.
pub(super) fn argument_order(network: &Network) -> Vec<usize> {
    let rank = |index: &usize| match network.model.inputs[*index].kind {
        InputKind::Time => 0,
        InputKind::State => 1,
        _ => 2,
    };
    let mut order: Vec<usize> = (0..network.model.inputs.len()).collect();
    order.sort_by_key(rank);
    order
}

/// `dropout`, unless an input has that name.
fn dropout_argument(network: &Network) -> Ident {
    let taken = network.model.inputs.iter().any(|input| input.name == "dropout");
    identifier(if taken { "dropout_masks" } else { "dropout" })
}

/// What `custom` modules must do, with a tape of that type.
pub(super) fn module_bounds(network: &Network, tape: &TokenStream) -> Vec<TokenStream> {
    let (nn, model) = (&network.nn, network.model);
    let custom =
        model.nodes.iter().zip(&network.field_of_node).filter(|(node, _)| matches!(node.op, Op::Custom { .. }));
    let bound = |(node, field): (&Node, &Option<usize>)| {
        let module = network.fields[(*field)?].module.as_ref()?;
        let x = network.shape_type(&model.nodes[*node.inputs.first()?].shape);
        let y = network.shape_type(&node.shape);
        Some(quote! {
            #module: #nn::Module<#nn::Tensor<#x, E, D, #tape>, Output = #nn::Tensor<#y, E, D, #tape>>
        })
    };
    custom.filter_map(bound).collect()
}

struct Body<'a> {
    network: &'a Network<'a>,
    statements: TokenStream,
    /// Uses of each node that are still to come.
    uses: Vec<usize>,
    /// The node whose tensor this one may be, for dfdx: reshaping, or dropout without masks, keeps the identity.
    identity: Vec<usize>,
    /// Dropout layers so far.
    dropouts: u64,
}

impl<'a> Body<'a> {
    fn new(network: &'a Network) -> Self {
        let nodes = &network.model.nodes;
        let mut uses = vec![0; nodes.len()];
        nodes.iter().flat_map(|node| &node.inputs).for_each(|input| uses[*input] += 1);
        uses[network.model.output] += 1;
        let mut identity: Vec<usize> = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let keeps = matches!(node.op, Op::Reshape | Op::Dropout { .. } | Op::Custom { .. } | Op::Concat)
                && node.inputs.len() == 1;
            identity.push(if keeps { identity[node.inputs[0]] } else { index });
        }
        Self { network, statements: TokenStream::new(), uses, identity, dropouts: 0 }
    }

    fn write(mut self) -> TokenStream {
        let Network { model, nn, .. } = self.network;
        self.enter();
        for index in 0..model.nodes.len() {
            self.node(index);
        }
        let result = self.local(model.output).into_token_stream();
        let state = model.inputs.iter().find(|input| matches!(input.kind, InputKind::State));
        let result = match state {
            Some(state) => self.of_shape(result, &model.nodes[model.output].shape, &state.shape),
            None => result,
        };
        let (statements, tape) = (&self.statements, local("tape"));
        quote! {
            #statements
            ::core::result::Result::Ok(#nn::PutTape::put_tape(#result, #tape))
        }
    }

    /// Checks the inputs, and takes them into local names of ours.
    fn enter(&mut self) {
        let Network { model, nn, .. } = self.network;
        let (batch, tape) = (local("batch"), local("tape"));
        let inputs: Vec<_> = model.inputs.iter().map(|input| identifier(&input.name)).collect();
        let locals: Vec<_> = (0..model.inputs.len()).map(|index| local(&format!("input_{index}"))).collect();
        let (masks, dropout) = (local("masks"), dropout_argument(self.network));
        let state = model.inputs.iter().position(|input| matches!(input.kind, InputKind::State)).unwrap_or(0);
        let state = &locals[state];
        self.statements.extend(quote! {
            let (#(#locals,)* #masks) = (#(#inputs,)* #dropout);
            let #batch = #nn::HasShape::shape(&#state).0;
        });
        for (input, local) in model.inputs.iter().zip(&locals) {
            let name = &input.name;
            self.statements.extend(match input.kind {
                InputKind::State => quote!(let (#local, #tape) = #nn::enter(#local)?;),
                _ => quote!(#nn::check_batch(#name, #nn::HasShape::shape(&#local), #batch)?;),
            });
        }
    }

    fn local(&self, index: usize) -> Ident {
        let name = &self.network.model.nodes[index].name;
        let name: String = name.chars().filter(|c| *c == '_' || c.is_alphanumeric()).collect();
        let plain = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
        local(&if plain { format!("{name}_{index}") } else { format!("v{index}") })
    }

    /// A node as an operand: moved at its last use.
    fn operand(&mut self, index: usize) -> TokenStream {
        let name = self.local(index);
        self.uses[index] = self.uses[index].saturating_sub(1);
        if self.uses[index] == 0 { name.to_token_stream() } else { quote!(::core::clone::Clone::clone(&#name)) }
    }

    /// One statement for a node.
    fn node(&mut self, index: usize) {
        let network = self.network;
        let nn = &network.nn;
        let node = &network.model.nodes[index];
        let name = self.local(index);
        // A value that is not used must not warn in the user's crate.
        let name = if self.uses[index] == 0 { local(&format!("_{name}")) } else { name };
        if let Op::Input(input) = node.op {
            self.input(input, &name);
            return;
        }
        let type_ = network.tensor(&node.shape);
        let call = self.call(index);
        let (_, rest, tape_type) = self.tape(index);
        let shape = network.shape_value(&node.shape);
        let statement = match &node.op {
            Op::Linear | Op::Softmax | Op::LayerNorm { .. } | Op::RmsNorm { .. } if node.shape.len() != 1 => quote! {
                let (#name, #rest) = #call?;
                let #name: #type_ = #nn::reshape(#name, #shape)?;
            },
            _ => quote!(let (#name, #rest): (#type_, #tape_type) = #call?;),
        };
        self.statements.extend(statement);
    }

    fn input(&mut self, index: usize, name: &Ident) {
        let nn = &self.network.nn;
        let value = local(&format!("input_{index}"));
        let input = &self.network.model.inputs[index];
        let shape = self.network.shape_value(&input.shape);
        self.statements.extend(match input.kind {
            InputKind::State | InputKind::Class { .. } => quote!(let #name = #value;),
            InputKind::Time | InputKind::Vector => quote!(let #name = #nn::reshape(#value, #shape)?;),
        });
    }

    /// The tape that a node is given, the pattern that takes it back, and its type.
    fn tape(&self, index: usize) -> (TokenStream, TokenStream, TokenStream) {
        let (nn, tape) = (&self.network.nn, local("tape"));
        if self.network.recorded[index] {
            (quote!(#tape), quote!(#tape), quote!(T))
        } else {
            (quote!(#nn::NoneTape), quote!(_), quote!(#nn::NoneTape))
        }
    }

    /// `nn::layer(…)`, without its `?`.
    fn call(&mut self, index: usize) -> TokenStream {
        let network = self.network;
        let (nn, node) = (&network.nn, &network.model.nodes[index]);
        let layer = network.field_of_node[index].map(|field| &network.fields[field].name);
        let layer = quote!(self.#layer);
        let operands = self.operands(index);
        let (tape, _, _) = self.tape(index);
        let x = operands.first().cloned().unwrap_or_default();
        let function = function(&node.op);
        match &node.op {
            Op::Concat => {
                let shape = network.shape_value(&node.shape);
                let sources = node.inputs.iter().map(|input| &network.model.nodes[*input].shape);
                let rows = sources.zip(&operands).map(|(shape, operand)| {
                    let (rows, width) = (rows(shape), shape.last().map(size));
                    quote!(#nn::reshape(#operand, (#rows, #width))?)
                });
                quote!(#nn::concat([#(#rows),*], #shape, #tape))
            }
            Op::Reshape => {
                let shape = self.network.shape_value(&node.shape);
                quote!(#nn::reshaped(#x, #shape, #tape))
            }
            Op::Custom { .. } => {
                let shape = self.network.shape_value(&node.shape);
                quote!(#nn::module(&#layer, #x, #shape, #tape))
            }
            Op::Linear if node.parameters.len() < 2 => {
                let x = self.by_rows(node, x);
                quote!(#nn::unbiased_linear(&#layer, #x, #tape))
            }
            Op::Linear | Op::LayerNorm { .. } => {
                let x = self.by_rows(node, x);
                quote!(#nn::#function(&#layer, #x, #tape))
            }
            Op::RmsNorm { eps } => {
                let (x, eps) = (self.by_rows(node, x), float(*eps));
                quote!(#nn::rms_norm(&#layer, #x, #eps, #tape))
            }
            Op::Softmax => {
                let x = self.by_rows(node, x);
                quote!(#nn::softmax(#x, #tape))
            }
            Op::Fourier | Op::Embedding => quote!(#nn::#function(&#layer, #x, #tape)),
            Op::Dropout { p } => {
                let (p, ordinal, masks) = (float(*p), self.dropouts, local("masks"));
                self.dropouts += 1;
                quote!(#nn::dropout(#x, #p, #ordinal, #masks, #tape))
            }
            Op::Scale(value)
            | Op::Shift(value)
            | Op::Elu { alpha: value }
            | Op::LeakyRelu { slope: value }
            | Op::Sinusoidal { max: value } => {
                let value = float(*value);
                quote!(#nn::#function(#x, #value, #tape))
            }
            _ => quote!(#nn::#function(#(#operands,)* #tape)),
        }
    }

    /// The operands; dfdx takes no tensor twice in one operation, so the second is copied where it may be the first.
    fn operands(&mut self, index: usize) -> Vec<TokenStream> {
        let (nn, node) = (&self.network.nn, &self.network.model.nodes[index]);
        let mut operands: Vec<_> = node.inputs.iter().map(|input| self.operand(*input)).collect();
        let pairs = matches!(node.op, Op::Add | Op::Sub | Op::Mul | Op::Concat);
        if let ([first, second, ..], true) = (node.inputs.as_slice(), pairs)
            && self.identity[*first] == self.identity[*second]
        {
            if first == second {
                // The copy is made first, so it must not be what moves the value.
                operands.swap(0, 1);
            }
            let (copy, original) = (local("copy"), &operands[1]);
            let (tape, rest, _) = self.tape(index);
            self.statements.extend(quote!(let (#copy, #rest) = #nn::copy(#original, #tape)?;));
            operands[1] = copy.into_token_stream();
        }
        if matches!(node.op, Op::Add | Op::Sub | Op::Mul) {
            for (operand, input) in operands.iter_mut().zip(&node.inputs) {
                *operand = self.of_shape(operand.clone(), &self.network.model.nodes[*input].shape, &node.shape);
            }
        }
        operands
    }

    /// Constants that are asserted to be equal are two types still: where they are not equal, that is said once, by the
    /// assertion.
    fn of_shape(&self, x: TokenStream, from: &[Dim], to: &[Dim]) -> TokenStream {
        let text = |shape: &[Dim]| shape.iter().map(|dim| constant(dim).to_string()).collect::<Vec<_>>();
        if text(from) == text(to) {
            return x;
        }
        let (nn, shape) = (&self.network.nn, self.network.shape_value(to));
        quote!(#nn::reshape(#x, #shape)?)
    }

    /// Layers on the last axis see rows.
    fn by_rows(&self, node: &Node, x: TokenStream) -> TokenStream {
        let shape = node.inputs.first().map_or(&[][..], |input| &self.network.model.nodes[*input].shape);
        let (nn, Some(last)) = (&self.network.nn, shape.last()) else { return x };
        if shape.len() == 1 {
            return x;
        }
        let (rows, last) = (rows(shape), constant(last));
        quote!(#nn::reshape(#x, (#rows, #nn::Const::<#last>))?)
    }
}

/// `batch · d0 · d1 · …` without the last axis.
fn rows(shape: &[Dim]) -> TokenStream {
    let batch = local("batch");
    let leading = shape.split_last().map_or(&[][..], |(_, leading)| leading).iter().map(size);
    quote!(#batch #(* #leading)*)
}

/// The function of an op in the runtime.
fn function(op: &Op) -> Ident {
    local(match op {
        Op::Linear => "linear",
        Op::Concat => "concat",
        Op::Add => "add",
        Op::Sub => "sub",
        Op::Mul => "mul",
        Op::Scale(_) => "scale",
        Op::Shift(_) => "shift",
        Op::Relu => "relu",
        Op::Elu { .. } => "elu",
        Op::Gelu => "gelu",
        Op::Silu => "silu",
        Op::Tanh => "tanh",
        Op::Sigmoid => "sigmoid",
        Op::Softplus => "softplus",
        Op::LeakyRelu { .. } => "leaky_relu",
        Op::Sin => "sin",
        Op::Softmax => "softmax",
        Op::LayerNorm { .. } => "layer_norm",
        Op::RmsNorm { .. } => "rms_norm",
        Op::Dropout { .. } => "dropout",
        Op::Sinusoidal { .. } => "sinusoidal",
        Op::Fourier => "fourier",
        Op::Embedding => "embedding",
        Op::Input(_) | Op::Reshape => "reshape",
        Op::Custom { .. } => "module",
    })
}
