//! Text, lists and maps as the interpreter handles them. They have no operators: functions of ours stand for those.

use std::any::Any;

use cel::{
    ExecutionError,
    common::{
        traits::{self, Indexer, Iterable, Sizer},
        types::{CelInt, LIST_TYPE, MAP_TYPE, STRING_TYPE, Type},
        value::{CowVal, StaticVal, Val},
    },
};

use super::{Datum, List, Map, Text, View};

impl StaticVal for Text {}
impl StaticVal for List {}
impl StaticVal for Map {}

impl Val for Text {
    fn get_type(&self) -> &Type {
        &STRING_TYPE
    }

    fn cel_type() -> &'static Type {
        &STRING_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Val for List {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }

    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)> {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Val for Map {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)> {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)> {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

struct Items<I>(I);

impl<'b, 'v, I: Iterator<Item = &'b (dyn Val + 'static)>> traits::Iterator<'b, 'v> for Items<I> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        self.0.next()
    }
}

impl Iterable for List {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Items(self.0.iter().map(Datum::as_val)))
    }
}

impl Iterable for Map {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Items(self.0.keys().map(|key| key as &(dyn Val + 'static))))
    }
}

fn size(length: usize) -> CelInt {
    i64::try_from(length).unwrap_or(i64::MAX).into()
}

impl Sizer for List {
    fn size(&self) -> CelInt {
        size(self.0.len())
    }
}

impl Sizer for Map {
    fn size(&self) -> CelInt {
        size(self.0.len())
    }
}

/// For `map.key`, whose key stands in the expression.
impl Indexer for Map {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let Some(View::Text(key)) = View::of(key) else { return Err(ExecutionError::no_such_key("")) };
        match self.0.get(key) {
            Some(value) => Ok(CowVal::Borrowed(value.as_val())),
            None => Err(ExecutionError::no_such_key(key)),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Ok(self.get(key)?.into_owned())
    }
}
