local shapes = require("shapes.square")
print(shapes.area(3))
