return { area = function(side) return side * side end }
