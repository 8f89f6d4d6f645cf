module Shapes.Square where

area :: Int -> Int
area side = side * side
