//! The values that expressions work on. Copying one costs the same whatever is in it.

mod interpreted;

use std::{borrow::Borrow, collections::BTreeMap, fmt, sync::Arc};

use cel::common::{
    types::{CelBool, CelDouble, CelInt, CelNull, CelString, CelUInt, Kind},
    value::{CowVal, Val},
};

/// Any value.
#[derive(Clone)]
pub(super) enum Datum {
    Null,
    Bool(CelBool),
    Int(CelInt),
    UInt(CelUInt),
    Double(CelDouble),
    Text(Text),
    List(List),
    Map(Map),
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text(Arc<str>);

#[derive(Clone)]
pub(super) struct List(Arc<[Datum]>);

/// Its keys are text, as JSON's are.
#[derive(Clone)]
pub(super) struct Map(Arc<BTreeMap<Text, Datum>>);

/// A value as functions look at it, whoever has it.
#[derive(Clone, Copy)]
pub(super) enum View<'b> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    Text(&'b str),
    List(&'b [Datum]),
    Map(&'b BTreeMap<Text, Datum>),
}

impl Datum {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Text(text.into()))
    }

    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(List(items.into()))
    }

    pub(super) fn map(entries: BTreeMap<Text, Self>) -> Self {
        Self::Map(Map(Arc::new(entries)))
    }

    /// As the interpreter sees it.
    pub(super) fn as_val(&self) -> &(dyn Val + 'static) {
        match self {
            Self::Null => &CelNull,
            Self::Bool(value) => value,
            Self::Int(value) => value,
            Self::UInt(value) => value,
            Self::Double(value) => value,
            Self::Text(value) => value,
            Self::List(value) => value,
            Self::Map(value) => value,
        }
    }

    pub(super) fn into_val<'b, 'v>(self) -> CowVal<'b, 'v> {
        match self {
            Self::Null => CowVal::owned(CelNull),
            Self::Bool(value) => CowVal::owned(value),
            Self::Int(value) => CowVal::owned(value),
            Self::UInt(value) => CowVal::owned(value),
            Self::Double(value) => CowVal::owned(value),
            Self::Text(value) => CowVal::owned(value),
            Self::List(value) => CowVal::owned(value),
            Self::Map(value) => CowVal::owned(value),
        }
    }

    pub(super) fn view(&self) -> View<'_> {
        match self {
            Self::Null => View::Null,
            Self::Bool(value) => View::Bool(*value.inner()),
            Self::Int(value) => View::Int(*value.inner()),
            Self::UInt(value) => View::UInt(*value.inner()),
            Self::Double(value) => View::Double(*value.inner()),
            Self::Text(value) => View::Text(&value.0),
            Self::List(value) => View::List(&value.0),
            Self::Map(value) => View::Map(&value.0),
        }
    }

    /// Text without a character, and a list without an item.
    pub(super) fn is_empty(&self) -> bool {
        match self.view() {
            View::Text(text) => text.is_empty(),
            View::List(items) => items.is_empty(),
            _ => false,
        }
    }

    /// None: a value of a type that expressions do not have.
    pub(super) fn of(val: &dyn Val) -> Option<Self> {
        Some(match val.get_type().kind() {
            Kind::NullType => Self::Null,
            Kind::Boolean => Self::Bool(CelBool::from(*val.downcast_ref::<CelBool>()?.inner())),
            Kind::Int => Self::Int(*val.downcast_ref::<CelInt>()?),
            Kind::UInt => Self::UInt(CelUInt::from(*val.downcast_ref::<CelUInt>()?.inner())),
            Kind::Double => Self::Double(CelDouble::from(*val.downcast_ref::<CelDouble>()?.inner())),
            Kind::String => match val.downcast_ref::<Text>() {
                Some(text) => Self::Text(text.clone()),
                None => Self::text(val.downcast_ref::<CelString<'_>>()?.inner()),
            },
            Kind::List => Self::List(val.downcast_ref::<List>()?.clone()),
            Kind::Map => Self::Map(val.downcast_ref::<Map>()?.clone()),
            _ => return None,
        })
    }
}

impl<'b> View<'b> {
    /// None: a value of a type that expressions do not have.
    pub(super) fn of<'v>(val: &'b (dyn Val + 'v)) -> Option<Self> {
        Some(match val.get_type().kind() {
            Kind::NullType => Self::Null,
            Kind::Boolean => Self::Bool(*val.downcast_ref::<CelBool>()?.inner()),
            Kind::Int => Self::Int(*val.downcast_ref::<CelInt>()?.inner()),
            Kind::UInt => Self::UInt(*val.downcast_ref::<CelUInt>()?.inner()),
            Kind::Double => Self::Double(*val.downcast_ref::<CelDouble>()?.inner()),
            Kind::String => match val.downcast_ref::<Text>() {
                Some(text) => Self::Text(&text.0),
                None => Self::Text(val.downcast_ref::<CelString<'v>>()?.inner()),
            },
            Kind::List => Self::List(&val.downcast_ref::<List>()?.0),
            Kind::Map => Self::Map(&val.downcast_ref::<Map>()?.0),
            _ => return None,
        })
    }

    pub(super) fn to_datum(self) -> Datum {
        match self {
            Self::Null => Datum::Null,
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::UInt(value) => Datum::UInt(value.into()),
            Self::Double(value) => value.into(),
            Self::Text(text) => Datum::text(text),
            Self::List(items) => Datum::list(items.to_vec()),
            Self::Map(entries) => Datum::map(entries.clone()),
        }
    }

    /// In CEL's words.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::UInt(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Bool(value.into())
    }
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Datum {
    fn from(value: f64) -> Self {
        Self::Double(value.into())
    }
}

impl Text {
    pub(super) fn view(&self) -> View<'_> {
        View::Text(&self.0)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Map {
    pub(super) fn entries(&self) -> &BTreeMap<Text, Datum> {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What a value is, never what is in it.
macro_rules! shown_by_name {
    ($($type:ident),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($type))
            }
        }
    )*};
}
shown_by_name!(Text, List, Map);
