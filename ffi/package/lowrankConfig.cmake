# find_package(lowrank): the targets lowrank::lowrank, which is shared if BUILD_SHARED_LIBS says so, and lowrank::static
# and lowrank::shared.
get_filename_component(lowrank_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET lowrank::static)
    add_library(lowrank::static STATIC IMPORTED)
    set_target_properties(lowrank::static PROPERTIES
        IMPORTED_LOCATION "${lowrank_prefix}/lib/liblowrank.a"
        INTERFACE_INCLUDE_DIRECTORIES "${lowrank_prefix}/include"
        INTERFACE_LINK_LIBRARIES "@LIBRARIES@")
    add_library(lowrank::shared SHARED IMPORTED)
    set_target_properties(lowrank::shared PROPERTIES
        IMPORTED_LOCATION "${lowrank_prefix}/lib/liblowrank.so"
        IMPORTED_SONAME "liblowrank.so.@SOVERSION@"
        INTERFACE_INCLUDE_DIRECTORIES "${lowrank_prefix}/include")
    add_library(lowrank::lowrank INTERFACE IMPORTED)
    if(BUILD_SHARED_LIBS)
        set_target_properties(lowrank::lowrank PROPERTIES INTERFACE_LINK_LIBRARIES lowrank::shared)
    else()
        set_target_properties(lowrank::lowrank PROPERTIES INTERFACE_LINK_LIBRARIES lowrank::static)
    endif()
endif()
