local n = 1
local m = = 2
