from __future__ import annotations

import enum as _enum
import ipaddress as _ip
import struct as _struct
import typing as _t
import uuid as _uuid
from collections.abc import Callable as _Callable
from collections.abc import Collection as _Collection
from collections.abc import Iterator as _Iterator
from dataclasses import dataclass as _dataclass
from dataclasses import field as _field
