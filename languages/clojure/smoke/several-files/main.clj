(require 'shapes.square)
(println (shapes.square/area 3))
